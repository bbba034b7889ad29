//! The reverse sweep, made fast. [`super::plain`] computes the same in a few lines: read that first.
//!
//! An entry is the record of a node on the tape. [`run`] goes from entry to entry, downward. At a product, these calls
//! follow one another:
//!
//! 1. [`run`] calls [`common_binary`], for the three common ops of two operands.
//! 2. There, `parts::mul`, which is made from the row of `mul`, gives `[bar * y, bar * x]`.
//! 3. [`Sweep::send_two`] passes each part to [`Sweep::send`], which adds it to the adjoint of an operand.
//! 4. Only the part for the entry right below is not added there: `send_two` returns it, and [`run`] adds it (`carried`).
//!
//! The time of a sweep goes into instructions, taken jumps, and waiting for memory. So:
//!
//! - Comparisons, which are predicted well, find the seven common ops. A jump finds the others.
//! - The part that an entry sends to the entry right below it stays in a register, and the adjoint of the entry
//!   below is read before anything else is sent. Reading back what was just written takes long. After every op but
//!   the seven common ones, the adjoint below is read again.
//! - Products of cheap rules are not guarded at first. If an adjoint turns out to be NaN, the sweep runs again with
//!   all products guarded: see [`guarded`].
//! - Runs of zeros are skipped: see [`last_nonzero`].
//! - Operands are below the entries that use them, so every access is in bounds. Accesses compare and do nothing
//!   out of bounds, since a panic in the loop would cost registers.

use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::hint::black_box;

use super::{At, Values, external, read, wants};
use crate::cold::{rare, rarely};
use crate::error::Error;
use crate::op::{NO_IMM, codes, count, for_each_op, is_derivative};
use crate::scalar::dual::Dual;
use crate::scalar::tangents::Tangents;
use crate::scalar::{Adjoint, AdjointScalar, Guarded, Scalar, Unguarded, fixed, parts, rule};
use crate::tape::Tape;
use crate::tape::entry::{Entry, Stored};
use crate::tape::view::View;

/// What a sweep reads and writes. `S` is the number.
#[derive(Clone, Copy)]
struct Sweep<'t, S, A> {
    tape: &'t Tape,
    /// The tape up to the entry where the sweep started.
    view: View<'t>,
    adjoints: &'t [Cell<S>],
    /// A buffer for the operands of an n-ary op.
    args: &'t RefCell<Vec<S>>,
    /// Gives the value of an entry at a position, as a scalar.
    at: A,
}

/// The position right below. (There is none below 0; no position is as high as what it gives there.)
#[inline(always)]
fn right_below(i: usize) -> usize {
    i.wrapping_sub(1)
}

impl<'t, S: AdjointScalar, A: At<S>> Sweep<'t, S, A> {
    #[inline(always)]
    fn new(tape: &'t Tape, adjoints: &'t [Cell<S>], args: &'t RefCell<Vec<S>>, at: A) -> Self {
        Sweep { tape, view: tape.view().below(adjoints.len()), adjoints, args, at }
    }

    /// Adds to the adjoint at `x`.
    #[inline(always)]
    fn send(&self, x: usize, part: S) {
        if x >= self.adjoints.len() {
            return rare();
        }
        let adjoint = &self.adjoints[x];
        adjoint.set(adjoint.get() + part);
    }

    /// Adds the part to the adjoint of the only operand of an entry. If that is at `near`, right below the entry, the
    /// part is returned instead.
    #[inline(always)]
    fn send_one(&self, near: usize, x: usize, p: S) -> Option<S> {
        if x == near {
            return Some(p);
        }
        self.send(x, p);
        None
    }

    /// As [`Sweep::send_one`], for two operands, which must differ.
    #[inline(always)]
    fn send_two(&self, near: usize, x: usize, y: usize, p: S, q: S) -> Option<S> {
        if y == near {
            self.send(x, p);
            return Some(q);
        }
        self.send(y, q);
        if x == near {
            return Some(p);
        }
        self.send(x, p);
        None
    }

    /// As [`Sweep::send_two`], for operands that may be the same node.
    #[inline(always)]
    fn send_both(&self, near: usize, x: usize, y: usize, p: S, q: S) -> Option<S> {
        if x == y {
            rare();
            return self.send_one(near, x, p + q);
        }
        self.send_two(near, x, y, p, q)
    }

    /// As [`Sweep::send_two`], for one operand or two. With three or more, all parts are added, in order.
    #[inline(always)]
    fn send_all<const N: usize>(&self, near: usize, operands: [u32; N], parts: [S; N]) -> Option<S> {
        if N == 1 {
            return self.send_one(near, operands[0] as usize, parts[0]);
        }
        if N == 2 {
            return self.send_two(near, operands[0] as usize, operands[N - 1] as usize, parts[0], parts[N - 1]);
        }
        let mut k = 0;
        while k < N {
            self.send(operands[k] as usize, parts[k]);
            k += 1;
        }
        None
    }

    /// As [`Sweep::send_all`], for two operands that may be the same node.
    #[inline(always)]
    fn send_parts<const N: usize>(&self, near: usize, operands: [u32; N], parts: [S; N]) -> Option<S> {
        if N == 2 {
            return self.send_both(near, operands[0] as usize, operands[N - 1] as usize, parts[0], parts[N - 1]);
        }
        self.send_all(near, operands, parts)
    }

    /// The scalar at a position.
    #[inline(always)]
    fn value(&self, x: u32) -> S {
        read(self.view.entries, x, self.at)
    }

    /// The scalars at these positions.
    #[inline(always)]
    fn values<const N: usize>(&self, operands: [u32; N]) -> [S; N] {
        let mut values = [S::ZERO; N];
        let mut k = 0;
        while k < N {
            values[k] = self.value(operands[k]);
            k += 1;
        }
        values
    }

    /// The adjoint `bar` of an entry for its operand `k`, or `None` if the operand wants no gradient. If an entry has one
    /// operand and wants a gradient, the operand wants one too.
    #[inline(always)]
    fn wanted<B, const N: usize>(&self, bar: B, operands: [u32; N], k: usize) -> Option<B> {
        (N == 1 || wants(self.view.entries, operands[k])).then_some(bar)
    }

    /// Adds each part that is `Some` to the adjoint of its operand.
    #[inline(always)]
    fn send_wanted<B: Adjoint<S>, const N: usize>(&self, operands: [u32; N], parts: [Option<B>; N]) {
        if let (&[x, y], &[Some(p), Some(q)]) = (&operands[..], &parts[..])
            && x == y
        {
            return self.send(x as usize, (p + q).get());
        }
        let mut k = 0;
        while k < N {
            if let Some(part) = parts[k] {
                self.send(operands[k] as usize, part.get());
            }
            k += 1;
        }
    }
}

/// An entry at which a sweep is.
#[derive(Clone, Copy)]
struct Here<'t, B> {
    cell: &'t Cell<Stored>,
    entry: Entry,
    /// Its position.
    i: usize,
    /// Its adjoint. `B` says whether products with it are guarded.
    bar: B,
}

/// The parts as numbers.
#[inline(always)]
fn unwrapped<S: AdjointScalar, B: Adjoint<S>, const N: usize>(parts: [B; N]) -> [S; N] {
    let mut all = [S::ZERO; N];
    let mut k = 0;
    while k < N {
        all[k] = parts[k].get();
        k += 1;
    }
    all
}

/// The sum of the first and the last of two.
#[inline(always)]
fn sum_of_two<S: AdjointScalar, const N: usize>(parts: [S; N]) -> S {
    parts[0] + parts[N - 1]
}

/// Sends the adjoint of an entry to its operands. The cost in the op's row says how: a costly rule runs in a function of
/// its own, any other in the loop. The result is the part that is still to be added to the adjoint of the entry right
/// below, if any.
///
/// If both operands are the same node, as in `x * x`, their parts are added up first. Derivatives recorded as new nodes
/// do the same, so they have the same bits as those of the sweep.
macro_rules! send {
    (none, $name:ident, $imm:expr, $operands:expr, $sweep:ident, $here:ident) => {{
        let _ = ($imm, $operands, $sweep);
        None
    }};
    (linear, $name:ident, $imm:expr, $operands:expr, $sweep:ident, $here:ident) => {{
        // A linear rule reads neither values nor immediates.
        let parts = parts::$name([S::ZERO; _], NO_IMM, S::ZERO, $here.bar);
        $sweep.send_parts(right_below($here.i), $operands, unwrapped(parts))
    }};
    (cheap, $name:ident, $imm:expr, $operands:expr, $sweep:ident, $here:ident) => {{
        let (operands, len) = ($operands, $sweep.view.entries.len());
        // Never true. This one check saves a check at every access below.
        if operands[0] as usize >= len {
            rare();
            return None;
        }
        let value = ($sweep.at).at($here.entry, $here.i as u32);
        if operands.len() == 2 && operands[0] == operands[operands.len() - 1] {
            let x = operands[0];
            let parts = parts::$name($sweep.values([x; _]), $imm, value, $here.bar);
            return $sweep.send_one(right_below($here.i), x as usize, sum_of_two(unwrapped(parts)));
        }
        let mut k = 1;
        while k < operands.len() {
            if operands[k] as usize >= len {
                rare();
                return None;
            }
            k += 1;
        }
        let parts = parts::$name($sweep.values(operands), $imm, value, $here.bar);
        $sweep.send_all(right_below($here.i), operands, unwrapped(parts))
    }};
    (costly, $name:ident, $imm:expr, $operands:expr, $sweep:ident, $here:ident) => {{
        let _ = ($imm, $operands);
        send_apart!($name, $sweep, $here);
        None
    }};
}

/// The step of a costly rule, in a function of its own. Its arguments fit in registers.
macro_rules! send_apart {
    ($name:ident, $sweep:ident, $here:ident) => {
        apart::$name(
            $sweep.tape,
            $sweep.adjoints,
            $sweep.args,
            $here.cell,
            $here.i,
            Guarded($here.bar.get()),
            $sweep.at,
        )
    };
}

/// The step at an output of a user's function.
#[inline(never)]
fn external_apart<S: AdjointScalar, B: Adjoint<S>>(
    tape: &Tape,
    adjoints: &[Cell<S>],
    args: &RefCell<Vec<S>>,
    i: usize,
    bar: B,
    at: impl At<S>,
) {
    let call = tape.view().call(tape.entry(i as u32));
    match call.partials(tape) {
        Some(partials) => external::reverse_statement(tape, adjoints, call, partials, bar, at),
        None => external::reverse(tape, adjoints, args, i, at),
    }
}

/// Why the loop stopped.
enum Stop {
    /// The sweep is done.
    End,
    /// An adjoint is NaN.
    Nan,
    /// The entries above `end` are done, and the adjoint of the entry at `end` is 0.
    Zeros { end: usize },
}

macro_rules! define_steps {
    (
        ops { $($(#[doc = $doc:literal])+ $vis:vis $Op:ident = $name:ident($x:ident $(, $y:ident)* $(; $($k:ident: $kind:ident),+)?) -> $r:ident, $cost:ident $form:ident $symbol:literal, $value:block, $bar:ident => [$($pull:expr),*];)+ }
        folds { $($(#[doc = $fdoc:literal])+ $Fo:ident = $fname:ident($($fx:ident),+) -> $fr:ident, $fform:ident $fsym:literal, least $least:literal, $fval:block, $emit:ident => $partials:block;)+ }
    ) => {
        /// The step at an entry, one function for each row. It returns the part that is still to be added to the
        /// adjoint of the entry right below, if any.
        mod step {
            use super::*;

            $(#[inline(always)]
            pub(super) fn $name<S: AdjointScalar, B: Adjoint<S>>(sweep: &Sweep<'_, S, impl At<S>>, here: Here<'_, B>) -> Option<S> {
                let operands = sweep.view.fixed::<{ count!($x $($y)*) }, { count!($($($k)+)?) }>(here.entry);
                send!($cost, $name, sweep.view.imm::<{ count!($x $($y)*) }, { count!($($($k)+)?) }>(here.entry), operands, sweep, here)
            })+

            /// The step of any op, by a jump.
            #[inline(always)]
            pub(super) fn any<S: AdjointScalar, B: Adjoint<S>>(sweep: &Sweep<'_, S, impl At<S>>, here: Here<'_, B>, code: u8) -> Option<S> {
                if S::IS_LARGE {
                    let bar = here.bar.get();
                    any_apart(sweep.tape, sweep.adjoints, sweep.args, here.cell, here.i, &bar, sweep.at);
                    return None;
                }
                match code {
                    $(codes::$Op => $name(sweep, here),)+
                    $(codes::$Fo => {
                        send_apart!($fname, sweep, here);
                        None
                    })+
                    codes::External => {
                        external_apart(sweep.tape, sweep.adjoints, sweep.args, here.i, here.bar, sweep.at);
                        None
                    }
                    _ => None,
                }
            }

            /// As [`any`], with nothing inlined and all parts guarded.
            #[inline(never)]
            fn any_apart<S: AdjointScalar>(tape: &Tape, adjoints: &[Cell<S>], args: &RefCell<Vec<S>>, cell: &Cell<Stored>, i: usize, bar: &S, at: impl At<S>) {
                match Entry::from(cell.get()).tag() {
                    $(codes::$Op if const { codes::$Op > codes::CSub && !is_derivative(codes::$Op) } => apart::$name(tape, adjoints, args, cell, i, Guarded(*bar), at),)+
                    $(codes::$Fo => apart::$fname(tape, adjoints, args, cell, i, Guarded(*bar), at),)+
                    codes::External => external_apart(tape, adjoints, args, i, Guarded(*bar), at),
                    _ => derivative_apart(tape, adjoints, args, cell, i, bar, at),
                }
            }

            /// The step of an op that mostly derivatives use, over a type whose ops are calls.
            #[inline(never)]
            fn derivative_apart<S: AdjointScalar>(tape: &Tape, adjoints: &[Cell<S>], args: &RefCell<Vec<S>>, cell: &Cell<Stored>, i: usize, bar: &S, at: impl At<S>) {
                let (sweep, entry) = (Sweep::new(tape, adjoints, args, at), Entry::from(cell.get()));
                let (operands, count, imm) = sweep.view.few(entry);
                let mut values = [S::Apart::constant(0.0); 3];
                for k in 0..count {
                    values[k] = sweep.value(operands[k]).into();
                }
                let r = at.at(entry, i as u32).into();
                let bars = |k: usize| wants(sweep.view.entries, operands[k]).then(|| Guarded((*bar).into()));
                let mut parts = [None; 3];
                let emit = |k: usize, part: Guarded<S::Apart>| parts[k] = Some(Guarded::<S>(part.0.into()));
                match entry.tag() {
                    $(codes::$Op if const { is_derivative(codes::$Op) } => rule::$name(fixed(&values), imm, r, bars, emit),)+
                    _ => {}
                }
                match count {
                    2 => sweep.send_wanted([operands[0], operands[1]], [parts[0], parts[1]]),
                    _ => sweep.send_wanted(operands, parts),
                }
            }
        }

        /// Steps in functions of their own, so that they take no registers of the loop.
        mod apart {
            use super::*;

            $(#[inline(never)]
            pub(super) fn $name<S: AdjointScalar>(tape: &Tape, adjoints: &[Cell<S>], args: &RefCell<Vec<S>>, cell: &Cell<Stored>, i: usize, bar: Guarded<S>, at: impl At<S>) {
                let (sweep, entry) = (Sweep::new(tape, adjoints, args, at), Entry::from(cell.get()));
                let operands = sweep.view.fixed::<{ count!($x $($y)*) }, { count!($($($k)+)?) }>(entry);
                let mut parts = [None; { count!($x $($y)*) }];
                rule::$name(
                    sweep.values(operands),
                    sweep.view.imm::<{ count!($x $($y)*) }, { count!($($($k)+)?) }>(entry),
                    at.at(entry, i as u32),
                    |k| sweep.wanted(bar, operands, k),
                    |k, part| parts[k] = Some(part),
                );
                sweep.send_wanted(operands, parts);
            })+

            $(#[inline(never)]
            pub(super) fn $fname<S: AdjointScalar>(tape: &Tape, adjoints: &[Cell<S>], args: &RefCell<Vec<S>>, cell: &Cell<Stored>, i: usize, bar: Guarded<S>, at: impl At<S>) {
                let (sweep, entry) = (Sweep::new(tape, adjoints, args, at), Entry::from(cell.get()));
                let operands = sweep.view.list(entry);
                let args = &mut *args.borrow_mut();
                args.clear();
                args.extend(operands.iter().map(|x| sweep.value(x.get())));
                rule::$fname(args, at.at(entry, i as u32), |k, partial| {
                    sweep.send(operands[k].get() as usize, (bar * partial).get());
                });
            })+
        }
    };
}
for_each_op!(define_steps);

/// The common ops of two operands. `near` is the position right below the entry.
#[inline(always)]
fn common_binary<S: AdjointScalar, B: Adjoint<S>>(
    sweep: &Sweep<'_, S, impl At<S>>,
    entry: Entry,
    near: usize,
    bar: B,
    code: u8,
) -> Option<S> {
    let x = entry.a() as usize;
    if code == codes::Mul {
        let len = sweep.view.entries.len();
        // Never true. These two checks save one at every access below.
        if x >= len {
            rare();
            return None;
        }
        let y = entry.b() as usize;
        if x == y {
            let value = sweep.value(x as u32);
            let [p, q] = parts::mul([value, value], NO_IMM, S::ZERO, bar);
            return sweep.send_one(near, x, p.get() + q.get());
        }
        if y >= len {
            rare();
            return None;
        }
        let [p, q] = parts::mul([sweep.value(x as u32), sweep.value(y as u32)], NO_IMM, S::ZERO, bar);
        return sweep.send_two(near, x, y, p.get(), q.get());
    }
    // `Add` and `Sub` differ only in one sign, so they share one copy of the code that sends. Their rules read no values.
    let [p, q] = if code == codes::Add {
        parts::add([S::ZERO; 2], NO_IMM, S::ZERO, bar)
    } else {
        parts::sub([S::ZERO; 2], NO_IMM, S::ZERO, bar)
    };
    sweep.send_both(near, x, entry.b() as usize, p.get(), q.get())
}

/// The common ops of an operand and a constant. Their rules read no values.
#[inline(always)]
fn common_with_constant<S: AdjointScalar, B: Adjoint<S>>(
    sweep: &Sweep<'_, S, impl At<S>>,
    entry: Entry,
    near: usize,
    bar: B,
    code: u8,
) -> Option<S> {
    let x = entry.a() as usize;
    if code == codes::MulC {
        let [p] = parts::mul_c([S::ZERO], sweep.view.imm::<1, 1>(entry), S::ZERO, bar);
        sweep.send_one(near, x, p.get())
    } else if code <= codes::SubC {
        // `sub_c` sends what `add_c` does.
        let [p] = parts::add_c([S::ZERO], NO_IMM, S::ZERO, bar);
        sweep.send_one(near, x, p.get())
    } else {
        let [p] = parts::c_sub([S::ZERO], NO_IMM, S::ZERO, bar);
        sweep.send_one(near, x, p.get())
    }
}

/// At every entry from `last` down, sends the adjoint to the operands. No entry below `lowest` has operands that want a
/// gradient.
#[inline(always)]
fn run<S: AdjointScalar, B: Adjoint<S>>(
    tape: &Tape,
    adjoints: &[Cell<S>],
    args: &RefCell<Vec<S>>,
    lowest: usize,
    last: usize,
    at: impl At<S>,
) -> Stop {
    let sweep = &Sweep::new(tape, adjoints, args, at);
    let entries = sweep.view.entries;
    if last >= entries.len() || last >= adjoints.len() {
        return Stop::End;
    }
    let (mut cell, mut i, mut bar) = (&entries[last], last, adjoints[last].get());
    loop {
        let near = right_below(i);
        if near >= entries.len() || near >= adjoints.len() {
            return Stop::End;
        }
        let this = i;
        let cell_below = &entries[near];
        let adjoint_below = &adjoints[near];
        let mut below = adjoint_below.get();
        i = near;
        if bar.is_zero_or_nan() {
            rare();
            if !B::GUARDED && bar.is_nan() {
                return Stop::Nan;
            }
            if bar.is_zero() {
                if this < lowest {
                    return Stop::End;
                }
                if below.is_zero() {
                    return Stop::Zeros { end: near };
                }
                (cell, bar) = (cell_below, below);
                continue;
            }
        }
        let entry = Entry::from(cell.get());
        // If the entry wants no gradient, this is above all codes.
        let code = entry.tag();
        let carried = if code <= codes::Sub {
            common_binary(sweep, entry, near, B::of(bar), code)
        } else if code <= codes::CSub {
            common_with_constant(sweep, entry, near, B::of(bar), code)
        } else {
            if this < lowest {
                return Stop::End;
            }
            let carried = step::any(sweep, Here { cell, entry, i: this, bar: B::of(bar) }, code);
            // The step may have changed it.
            below = adjoint_below.get();
            carried
        };
        cell = cell_below;
        match carried {
            None => bar = below,
            Some(part) => {
                bar = below + part;
                adjoint_below.set(bar);
            }
        }
    }
}

/// Sweeps back from the seeds in `adjoints`. Returns whether an adjoint is NaN. If so, the sweep may be unfinished.
///
/// Never inlined, so that all callers run the same code.
#[inline(never)]
fn sweep_back<S: AdjointScalar, B: Adjoint<S>>(
    tape: &Tape,
    adjoints: &[Cell<S>],
    args: &RefCell<Vec<S>>,
    at: impl At<S>,
) -> bool {
    let lowest = tape.sources().max(tape.first_leaf().saturating_add(1)) as usize;
    let mut last = adjoints.len().wrapping_sub(1);
    loop {
        match run::<S, B>(tape, adjoints, args, lowest, last, at) {
            Stop::Zeros { end } => last = last_nonzero(adjoints, end),
            Stop::Nan => return true,
            // The loop stopped before it tested these for NaN.
            Stop::End => return any_nan(&adjoints[..lowest.min(adjoints.len())]),
        }
    }
}

/// Sweeps back from the seeds, pairs of a position and an adjoint.
///
/// A guarded product is 0 where a factor is 0, so it differs from the plain product only where the plain product is
/// NaN. Guarding every product costs a tenth of a sweep. So cheap rules are guarded only in a second sweep, which runs
/// if the first left a NaN. Costly rules and n-ary ops are always guarded, and over duals all but the seven common ops.
#[inline(always)]
fn guarded<S: AdjointScalar>(
    tape: &Tape,
    adjoints: &[Cell<S>],
    seeds: &[(u32, S)],
    args: &RefCell<Vec<S>>,
    at: impl At<S>,
) {
    seed(adjoints, seeds);
    if sweep_back::<S, Unguarded<S>>(tape, adjoints, args, at) {
        rarely(|| {
            // A function may have failed because of the NaN.
            let _ = tape.functions.outcome();
            seed(adjoints, seeds);
            sweep_back::<S, Guarded<S>>(tape, adjoints, args, at);
        });
    }
}

/// Up to this many adjoints are set one by one. If they were written several at a time, the loads of the sweep would
/// have to wait: a store is forwarded only to a load of the same width.
const FEW: usize = 16;

/// Sets the adjoints of the outputs to the seeds, all others to 0.
#[inline(always)]
fn seed<S: AdjointScalar>(adjoints: &[Cell<S>], seeds: &[(u32, S)]) {
    // A zero that the compiler cannot see, so that it does not call memset for a few.
    let zero = if adjoints.len() <= FEW { black_box(S::ZERO) } else { S::ZERO };
    let mut k = 0;
    while k < adjoints.len() {
        adjoints[k].set(zero);
        k += 1;
    }
    let place = |position: u32| adjoints.get(position as usize);
    // The first seed is not added to the 0 just written: reading that back would have to wait for the store.
    let Some((&(first, seed), more)) = seeds.split_first() else {
        return;
    };
    if let Some(adjoint) = place(first) {
        adjoint.set(S::ZERO + seed);
    }
    for &(position, seed) in more {
        if let Some(adjoint) = place(position) {
            adjoint.set(adjoint.get() + seed);
        }
    }
}

/// The position of the last nonzero adjoint below `end`, or `usize::MAX` if all are 0. Zeros come in runs: where a
/// relu is flat, everything it was computed from has the adjoint 0.
#[inline(never)]
fn last_nonzero<S: AdjointScalar>(adjoints: &[Cell<S>], end: usize) -> usize {
    let is_nonzero = |adjoint: &Cell<S>| !adjoint.get().is_zero();
    let below = &adjoints[..end.min(adjoints.len())];
    below.iter().rposition(is_nonzero).unwrap_or(usize::MAX)
}

/// Whether one of the adjoints is NaN.
#[inline(always)]
fn any_nan<S: AdjointScalar>(adjoints: &[Cell<S>]) -> bool {
    let is_nan = |adjoint: &Cell<S>| adjoint.get().is_nan();
    match adjoints.len() <= FEW {
        true => adjoints.iter().any(is_nan),
        // Without an early exit, the compiler vectorizes the loop.
        false => {
            let (mut any, mut k) = (false, 0);
            while k < adjoints.len() {
                any |= is_nan(&adjoints[k]);
                k += 1;
            }
            any
        }
    }
}

/// The reverse sweep over `f64` from the seeds, pairs of a position and an adjoint. `args` is a buffer for the operands
/// of an n-ary op.
///
/// # Errors
/// Those of external functions. The adjoints are of no use then.
pub(crate) fn reverse(
    tape: &Tape,
    adjoints: &[Cell<f64>],
    seeds: &[(u32, f64)],
    args: &RefCell<Vec<f64>>,
) -> Result<(), Error> {
    reverse_without_failure(tape, adjoints, seeds, args);
    tape.functions.outcome()
}

/// As [`reverse`], for a tape whose functions cannot fail.
#[inline]
pub(crate) fn reverse_without_failure(
    tape: &Tape,
    adjoints: &[Cell<f64>],
    seeds: &[(u32, f64)],
    args: &RefCell<Vec<f64>>,
) {
    guarded(tape, adjoints, seeds, args, Values);
}

/// The duals of values on the tape with these tangents.
impl<const N: usize> At<Dual<N>> for &[Tangents<N>] {
    #[inline(always)]
    fn at(self, entry: Entry, x: u32) -> Dual<N> {
        Dual { value: entry.value, tangents: self.get(x as usize).map_or([0.0; N], |tangent| tangent.0) }
    }
}

/// The reverse sweep over duals: the values on the tape with these tangents.
///
/// # Errors
/// As [`reverse`].
#[inline(never)]
pub(crate) fn reverse_dual<const N: usize>(
    tape: &Tape,
    tangents: &[Tangents<N>],
    adjoints: &[Cell<Dual<N>>],
    seeds: &[(u32, Dual<N>)],
    args: &RefCell<Vec<Dual<N>>>,
) -> Result<(), Error> {
    guarded(tape, adjoints, seeds, args, tangents);
    tape.functions.outcome()
}
