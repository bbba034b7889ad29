//! The reverse sweep, made fast. [`super::plain`] computes the same in a few lines: read that first.
//!
//! An entry is the record of a node on the tape. [`run`] goes from entry to entry, downward. At a product, these calls
//! follow one another:
//!
//! 1. [`run`] calls [`common_binary`], for the three common ops of two operands.
//! 2. [`common_binary`] calls `step::mul`, which `define_steps` makes from the row of `mul`.
//! 3. The row says `cheap`, so the body of `step::mul` is the `cheap` arm of `send!`.
//! 4. There, `parts!` calls the rule, which gives `[bar * y, bar * x]`.
//! 5. [`Cursor::send_all`] passes each part to [`Cursor::send`], which adds it to the adjoint of an operand.
//! 6. Only the part for the entry right below is not added there: `send_all` returns it, and [`run`] adds it (`carried`).
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
//! - Operands are below the entries that use them, so every access is in bounds. Accesses use `get` and do nothing
//!   out of bounds, since a panic in the loop would cost registers.

use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::hint::black_box;

use super::{external, read, value_of, wants};
use crate::array::each;
use crate::cold::{rare, rarely};
use crate::error::Error;
use crate::op::{NO_IMM, codes, count, for_each_op};
use crate::scalar::dual::Dual;
use crate::scalar::tangents::Tangents;
use crate::scalar::{Adjoint, AdjointScalar, Guarded, Unguarded, rule};
use crate::tape::Tape;
use crate::tape::entry::{Entry, Stored};
use crate::tape::view::View;

/// The sweep at one entry. `S` is the number. `B` wraps an adjoint and says whether its products are guarded.
#[derive(Clone, Copy)]
struct Cursor<'t, S, B, A> {
    tape: &'t Tape,
    /// The tape up to the entry where the sweep started.
    view: View<'t>,
    adjoints: &'t [Cell<S>],
    /// A buffer for the operands of an n-ary op.
    args: &'t RefCell<Vec<S>>,
    cell: &'t Cell<Stored>,
    /// The position of the entry.
    i: usize,
    /// Its adjoint.
    bar: B,
    /// Gives the value of an entry at a position, as a scalar.
    at: A,
}

impl<S: AdjointScalar, B, A> Cursor<'_, S, B, A> {
    #[inline(always)]
    fn entry(&self) -> Entry {
        Entry::from(self.cell.get())
    }

    /// Whether `x` is the position right below.
    #[inline(always)]
    fn is_near(&self, x: u32) -> bool {
        x as usize == self.i.wrapping_sub(1)
    }

    /// Adds to the adjoint at `x`.
    #[inline(always)]
    fn send(&self, x: u32, part: S) {
        match self.adjoints.get(x as usize) {
            Some(adjoint) => adjoint.set(adjoint.get() + part),
            None => rare(),
        }
    }

    /// Adds the parts to the adjoints of the operands. With one or two operands, the part for the entry right below is
    /// returned instead of added. Two operands must differ. With three or more, all parts are added, in order.
    #[inline(always)]
    fn send_all<const N: usize>(&self, operands: [u32; N], parts: [S; N]) -> Option<S> {
        match (&operands[..], &parts[..]) {
            (&[x], &[p]) if self.is_near(x) => return Some(p),
            (&[x, y], &[p, q]) if self.is_near(y) => {
                self.send(x, p);
                return Some(q);
            }
            (&[x, y], &[p, q]) => {
                self.send(y, q);
                if self.is_near(x) {
                    return Some(p);
                }
                self.send(x, p);
            }
            _ => (0..N).for_each(|k| self.send(operands[k], parts[k])),
        }
        None
    }

    /// As [`Cursor::send_all`], for two operands that may be the same node.
    #[inline(always)]
    fn send_parts<const N: usize>(&self, operands: [u32; N], parts: [S; N]) -> Option<S> {
        if let (&[x, y], &[p, q]) = (&operands[..], &parts[..])
            && x == y
        {
            rare();
            return self.send_all([x], [p + q]);
        }
        self.send_all(operands, parts)
    }
}

impl<'t, S: AdjointScalar, B: Adjoint<S>, A: Fn(Entry, u32) -> S + Copy> Cursor<'t, S, B, A> {
    #[inline(always)]
    fn new(
        tape: &'t Tape,
        adjoints: &'t [Cell<S>],
        args: &'t RefCell<Vec<S>>,
        cell: &'t Cell<Stored>,
        i: usize,
        bar: B,
        at: A,
    ) -> Self {
        Cursor { tape, view: tape.view().below(adjoints.len()), adjoints, args, cell, i, bar, at }
    }

    /// The scalar of the entry.
    #[inline(always)]
    fn value(&self) -> S {
        (self.at)(self.entry(), self.i as u32)
    }

    /// The scalars of these entries.
    #[inline(always)]
    fn values<const N: usize>(&self, operands: [u32; N]) -> [S; N] {
        each(operands, S::ZERO, |x| read(self.view.entries, x, self.at))
    }

    /// The adjoint of the entry, once for each operand.
    #[inline(always)]
    fn bars<const N: usize>(&self, _: [u32; N]) -> [B; N] {
        [self.bar; N]
    }

    /// The adjoint for operand `k`, or `None` if the operand wants no gradient. If an entry has one operand and wants a
    /// gradient, the operand wants one too.
    #[inline(always)]
    fn wanted<const N: usize>(&self, operands: [u32; N], k: usize) -> Option<B> {
        (N == 1 || wants(self.view.entries, operands[k])).then_some(self.bar)
    }

    /// Adds each part that is `Some` to the adjoint of its operand.
    #[inline(always)]
    fn send_wanted<const N: usize>(&self, operands: [u32; N], parts: [Option<B>; N]) {
        if let (&[x, y], &[Some(p), Some(q)]) = (&operands[..], &parts[..])
            && x == y
        {
            return self.send(x, (p + q).get());
        }
        let mut k = 0;
        while k < N {
            if let Some(part) = parts[k] {
                self.send(operands[k], part.get());
            }
            k += 1;
        }
    }
}

/// The part that a rule sends to each operand. A macro, since a closure called from two places is not inlined.
macro_rules! parts {
    ($rule:path, $imm:expr, $operands:expr, $cursor:ident) => {{
        let operands = $operands;
        let mut parts = $cursor.bars(operands);
        $rule(
            $cursor.values(operands),
            $imm,
            $cursor.value(),
            // Always `Some`, so that the rule has no branches. A node that wants no gradient then receives something
            // too, which `Graph::grad` ignores.
            |_| Some($cursor.bar),
            |k, part| parts[k] = part,
        );
        each(parts, S::ZERO, Adjoint::get)
    }};
}

/// Sends the adjoint of the cursor's entry to its operands. The cost in the op's row says how: a costly rule runs in a
/// function of its own, any other in the loop. The result is the part that is still to be added to the adjoint of the
/// entry right below, if any.
///
/// If both operands are the same node, as in `x * x`, their parts are added up first. Derivatives recorded as new nodes
/// do the same, so they have the same bits as those of the sweep.
macro_rules! send {
    (none, $name:ident, $imm:expr, $operands:expr, $cursor:ident) => {{
        let _ = ($imm, $operands);
        None
    }};
    (linear, $name:ident, $imm:expr, $operands:expr, $cursor:ident) => {{
        let operands = $operands;
        // A linear rule reads neither values nor immediates.
        let mut parts = $cursor.bars(operands);
        rule::$name([S::ZERO; _], NO_IMM, S::ZERO, |_| Some($cursor.bar), |k, part| parts[k] = part);
        $cursor.send_parts(operands, each(parts, S::ZERO, Adjoint::get))
    }};
    (cheap, $name:ident, $imm:expr, $operands:expr, $cursor:ident) => {{
        let (operands, len) = ($operands, $cursor.view.entries.len());
        // Never true. This one check saves a check at every access below.
        if operands[0] as usize >= len {
            rare();
            return None;
        }
        if let [x, y] = operands[..]
            && x == y
        {
            let parts = parts!(rule::$name, $imm, [x; _], $cursor);
            let both = parts[1..].iter().fold(parts[0], |sum, &part| sum + part);
            return $cursor.send_all([x], [both]);
        }
        for &x in &operands[1..] {
            if x as usize >= len {
                rare();
                return None;
            }
        }
        let parts = parts!(rule::$name, $imm, operands, $cursor);
        $cursor.send_all(operands, parts)
    }};
    (costly, $name:ident, $imm:expr, $operands:expr, $cursor:ident) => {{
        let _ = ($imm, $operands);
        send_apart!(costly, $name, $cursor);
        None
    }};
}

/// As [`send!`], in a function of its own. Its arguments fit in registers.
macro_rules! send_apart {
    (costly, $name:ident, $cursor:ident) => {
        send_apart!($name, $cursor, Guarded($cursor.bar.get()))
    };
    ($cost:ident, $name:ident, $cursor:ident) => {
        send_apart!($name, $cursor, $cursor.bar)
    };
    ($name:ident, $cursor:ident, $bar:expr) => {
        apart::$name($cursor.tape, $cursor.adjoints, $cursor.args, $cursor.cell, $cursor.i, $bar, $cursor.at)
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
    at: impl Fn(Entry, u32) -> S + Copy,
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
            pub(super) fn $name<S: AdjointScalar, B: Adjoint<S>>(cursor: Cursor<'_, S, B, impl Fn(Entry, u32) -> S + Copy>) -> Option<S> {
                let operands = cursor.view.fixed::<{ count!($x $($y)*) }, { count!($($($k)+)?) }>(cursor.entry());
                send!($cost, $name, cursor.view.imm::<{ count!($x $($y)*) }, { count!($($($k)+)?) }>(cursor.entry()), operands, cursor)
            })+

            /// The step of any op, by a jump.
            #[inline(always)]
            pub(super) fn any<S: AdjointScalar, B: Adjoint<S>>(cursor: Cursor<'_, S, B, impl Fn(Entry, u32) -> S + Copy>, code: u8) -> Option<S> {
                if S::IS_LARGE {
                    let bar = cursor.bar;
                    any_apart(cursor.tape, cursor.adjoints, cursor.args, cursor.cell, cursor.i, &bar, cursor.at);
                    return None;
                }
                match code {
                    $(codes::$Op => $name(cursor),)+
                    $(codes::$Fo => {
                        send_apart!(costly, $fname, cursor);
                        None
                    })+
                    codes::External => {
                        external_apart(cursor.tape, cursor.adjoints, cursor.args, cursor.i, cursor.bar, cursor.at);
                        None
                    }
                    _ => None,
                }
            }

            /// As [`any`], with nothing inlined.
            #[inline(never)]
            fn any_apart<S: AdjointScalar, B: Adjoint<S>>(tape: &Tape, adjoints: &[Cell<S>], args: &RefCell<Vec<S>>, cell: &Cell<Stored>, i: usize, bar: &B, at: impl Fn(Entry, u32) -> S + Copy) {
                let cursor = Cursor::new(tape, adjoints, args, cell, i, *bar, at);
                match cursor.entry().tag() {
                    $(codes::$Op => send_apart!($cost, $name, cursor),)+
                    $(codes::$Fo => send_apart!(costly, $fname, cursor),)+
                    codes::External => external_apart(cursor.tape, cursor.adjoints, cursor.args, cursor.i, *bar, cursor.at),
                    _ => {}
                }
            }
        }

        /// Steps in functions of their own, so that they take no registers of the loop.
        mod apart {
            use super::*;

            $(#[inline(never)]
            pub(super) fn $name<S: AdjointScalar, B: Adjoint<S>>(tape: &Tape, adjoints: &[Cell<S>], args: &RefCell<Vec<S>>, cell: &Cell<Stored>, i: usize, bar: B, at: impl Fn(Entry, u32) -> S + Copy) {
                let cursor = Cursor::new(tape, adjoints, args, cell, i, bar, at);
                let operands = cursor.view.fixed::<{ count!($x $($y)*) }, { count!($($($k)+)?) }>(cursor.entry());
                let mut parts = [None; { count!($x $($y)*) }];
                rule::$name(
                    cursor.values(operands),
                    cursor.view.imm::<{ count!($x $($y)*) }, { count!($($($k)+)?) }>(cursor.entry()),
                    cursor.value(),
                    |k| cursor.wanted(operands, k),
                    |k, part| parts[k] = Some(part),
                );
                cursor.send_wanted(operands, parts);
            })+

            $(#[inline(never)]
            pub(super) fn $fname<S: AdjointScalar>(tape: &Tape, adjoints: &[Cell<S>], args: &RefCell<Vec<S>>, cell: &Cell<Stored>, i: usize, bar: Guarded<S>, at: impl Fn(Entry, u32) -> S + Copy) {
                let cursor = Cursor::new(tape, adjoints, args, cell, i, bar, at);
                let operands = cursor.view.list(cursor.entry());
                let args = &mut *args.borrow_mut();
                args.clear();
                args.extend(operands.iter().map(|x| read(cursor.view.entries, x.get(), cursor.at)));
                rule::$fname(args, cursor.value(), |k, partial| {
                    cursor.send(operands[k].get(), (cursor.bar * partial).get());
                });
            })+
        }
    };
}
for_each_op!(define_steps);

/// The common ops of two operands.
#[inline(always)]
fn common_binary<S: AdjointScalar, B: Adjoint<S>>(
    cursor: Cursor<'_, S, B, impl Fn(Entry, u32) -> S + Copy>,
    code: u8,
) -> Option<S> {
    if code == codes::Mul {
        return step::mul(cursor);
    }
    // `Add` and `Sub` differ only in one sign, so they share one copy of the code that sends.
    let operands = cursor.view.fixed::<2, 0>(cursor.entry());
    let parts = if code == codes::Add {
        parts!(rule::add, NO_IMM, operands, cursor)
    } else {
        parts!(rule::sub, NO_IMM, operands, cursor)
    };
    cursor.send_parts(operands, parts)
}

/// The common ops of an operand and a constant.
#[inline(always)]
fn common_with_constant<S: AdjointScalar, B: Adjoint<S>>(
    cursor: Cursor<'_, S, B, impl Fn(Entry, u32) -> S + Copy>,
    code: u8,
) -> Option<S> {
    let operands = cursor.view.fixed::<1, 1>(cursor.entry());
    let parts = if code == codes::MulC {
        parts!(rule::mul_c, cursor.view.imm::<1, 1>(cursor.entry()), operands, cursor)
    } else if code <= codes::SubC {
        // `sub_c` sends what `add_c` does.
        parts!(rule::add_c, NO_IMM, operands, cursor)
    } else {
        parts!(rule::c_sub, NO_IMM, operands, cursor)
    };
    cursor.send_all(operands, parts)
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
    at: impl Fn(Entry, u32) -> S + Copy,
) -> Stop {
    let view = tape.view().below(adjoints.len());
    let (Some(mut cell), Some(adjoint)) = (view.entries.get(last), adjoints.get(last)) else {
        return Stop::End;
    };
    let (mut i, mut bar) = (last, adjoint.get());
    loop {
        let near = i.wrapping_sub(1);
        let (Some(cell_below), Some(adjoint_below)) = (view.entries.get(near), adjoints.get(near)) else {
            return Stop::End;
        };
        let mut below = adjoint_below.get();
        let cursor = Cursor { tape, view, adjoints, args, cell, i, bar: B::of(bar), at };
        i = near;
        cell = cell_below;
        if bar.is_zero_or_nan() {
            rare();
            if !B::GUARDED && bar.is_nan() {
                return Stop::Nan;
            }
            if bar.is_zero() {
                if cursor.i < lowest {
                    return Stop::End;
                }
                if below.is_zero() {
                    return Stop::Zeros { end: near };
                }
                bar = below;
                continue;
            }
        }
        // If the entry wants no gradient, this is above all codes.
        let code = cursor.entry().tag();
        let carried = if code <= codes::Sub {
            common_binary(cursor, code)
        } else if code <= codes::CSub {
            common_with_constant(cursor, code)
        } else {
            if cursor.i < lowest {
                return Stop::End;
            }
            let carried = step::any(cursor, code);
            // The step may have changed it.
            below = adjoint_below.get();
            carried
        };
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
    at: impl Fn(Entry, u32) -> S + Copy,
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
/// if the first left a NaN. Costly rules and n-ary ops are always guarded.
#[inline(always)]
fn guarded<S: AdjointScalar>(
    tape: &Tape,
    adjoints: &[Cell<S>],
    seeds: &[(u32, S)],
    args: &RefCell<Vec<S>>,
    at: impl Fn(Entry, u32) -> S + Copy,
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
    adjoints.iter().for_each(|adjoint| adjoint.set(zero));
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
        false => adjoints.iter().fold(false, |any, adjoint| any | is_nan(adjoint)),
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
    guarded(tape, adjoints, seeds, args, value_of);
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
    guarded(tape, adjoints, seeds, args, |entry, x| Dual {
        value: entry.value,
        tangents: tangents.get(x as usize).map_or([0.0; N], |tangent| tangent.0),
    });
    tape.functions.outcome()
}
