//! Walking the tape back, with adjoints: what [`super::plain`] says in a few lines, and fast. Read that
//! first.
//!
//! How fast this is is a matter of instructions, of jumps that are taken and of what waits for
//! memory, which is why it is written as it is:
//!
//! - The common ops are told apart by comparisons ([`crate::op`]), the others by a jump.
//! - What the usual entry sends to the one right below it is handed on in a register, and the adjoint
//!   there is read before this entry sends anything else: an adjoint read back right after it was
//!   written takes long to come, and a processor that has seen one come so waits for others. (Usual
//!   are ops of one or two operands that call no function; the others send through memory, and what
//!   is below is read again after them.)
//! - An adjoint is asked once whether it is 0, so that nothing need be sent, or NaN, so that the
//!   sweep was run without guards in vain: see [`guarded`].
//! - Branches that hardly happen say so.

use std::cell::{Cell, RefCell};
use std::hint::black_box;

use super::{plain, read, wants};
use crate::cold::{out_of_line, rare, rarely};
use crate::op::{NO_IMM, codes, count, for_each_op};
use crate::scalar::dual::Dual;
use crate::scalar::tangents::Tangents;
use crate::scalar::{Adjoint, AdjointScalar, Guarded, Plain, rule};
use crate::tape::view::View;
use crate::tape::{Entry, Stored, Tape};

/// Where a sweep stands: at the entry at `i`, whose adjoint is `bar`. `at` gives an entry, of which
/// it is told where it stands, as the scalar that the adjoints are.
#[derive(Clone, Copy)]
struct Here<'t, S, B, A> {
    /// The entries up to where the sweep began.
    view: View<'t>,
    /// Their adjoints.
    adjoints: &'t [Cell<S>],
    cell: &'t Cell<Stored>,
    i: usize,
    bar: B,
    at: A,
}

impl<S: AdjointScalar, B, A> Here<'_, S, B, A> {
    #[inline(always)]
    fn entry(&self) -> Entry {
        self.cell.get().into()
    }

    /// Whether the entry at `x` is the one right below.
    #[inline(always)]
    fn is_near(&self, x: u32) -> bool {
        x as usize == self.i.wrapping_sub(1)
    }

    /// Adds to the adjoint at `x`; there always is one, as there is an entry: see [`read`].
    #[inline(always)]
    fn send(&self, x: u32, part: S) {
        match self.adjoints.get(x as usize) {
            Some(adjoint) => adjoint.set(adjoint.get() + part),
            None => rare(),
        }
    }

    /// Sends the operands their parts, and returns what the entry right below receives. Two operands
    /// must differ; three or more receive their parts in order.
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
}

/// What a rule sends to each of the operands. (A macro, since a closure called twice is a call.)
macro_rules! parts {
    ($rule:path, $imm:expr, $operands:expr, $here:ident) => {{
        let operands = $operands;
        let mut parts = operands.map(|_| $here.bar);
        $rule(
            operands.map(|x| read($here.view.entries, x, $here.at)),
            $imm,
            ($here.at)($here.entry(), $here.i as u32),
            |_| Some($here.bar),
            |k, part| parts[k] = part,
        );
        parts.map(Adjoint::get)
    }};
}

/// Sends the adjoint `bar` to the operands: in the loop where the rule is a flop or two, out of it
/// where the rule calls functions, which then sends all through memory. Otherwise, of one operand or
/// two, what goes to the entry right below is not sent but returned.
///
/// What both of two operands receive where they are one, as in `x * x`, is added up first.
/// (Derivatives as graph do the same, so that their bits are those of the sweep. Ternary and n-ary
/// ops add part by part, here and there.)
macro_rules! send {
    (none, $rule:path, $imm:expr, $operands:expr, $here:ident) => {{
        let _ = ($imm, $operands);
        None
    }};
    (linear, $rule:path, $imm:expr, $operands:expr, $here:ident) => {{
        let operands = $operands;
        // Neither values nor immediates say what ops of this kind send.
        let mut parts = operands.map(|_| $here.bar);
        $rule(
            operands.map(|_| S::ZERO),
            NO_IMM,
            S::ZERO,
            |_| Some($here.bar),
            |k, part| parts[k] = part,
        );
        send!(parts.map(Adjoint::get), operands, $here)
    }};
    (cheap, $rule:path, $imm:expr, $operands:expr, $here:ident) => {{
        let (operands, len) = ($operands, $here.view.entries.len());
        // They lie below, always; said once, it spares the checks of every access after it.
        if operands[0] as usize >= len {
            rare();
            return None;
        }
        if let [x, y] = operands[..]
            && x == y
        {
            let parts = parts!($rule, $imm, operands.map(|_| x), $here);
            let both = parts[1..].iter().fold(parts[0], |sum, &part| sum + part);
            return $here.send_all([x], [both]);
        }
        for &x in &operands[1..] {
            if x as usize >= len {
                rare();
                return None;
            }
        }
        let parts = parts!($rule, $imm, operands, $here);
        $here.send_all(operands, parts)
    }};
    (costly, $rule:path, $imm:expr, $operands:expr, $here:ident) => {{
        let (operands, imm) = ($operands, $imm);
        out_of_line(move || {
            let entries = $here.view.entries;
            let mut parts = operands.map(|_| None);
            $rule(
                operands.map(|x| read(entries, x, $here.at)),
                imm,
                ($here.at)($here.entry(), $here.i as u32),
                |k| (operands.len() == 1 || wants(entries, operands[k])).then_some(Guarded($here.bar.get())),
                |k, part| parts[k] = Some(part),
            );
            match (&operands[..], &parts[..]) {
                (&[x, y], &[Some(p), Some(q)]) if x == y => $here.send(x, (p + q).get()),
                _ => {
                    for (x, part) in operands.into_iter().zip(parts) {
                        part.into_iter().for_each(|part| $here.send(x, part.get()));
                    }
                }
            }
        });
        None
    }};
    ($parts:expr, $operands:ident, $here:ident) => {{
        let parts = $parts;
        if let (&[x, y], &[p, q]) = (&$operands[..], &parts[..])
            && x == y
        {
            rare();
            return $here.send_all([x], [p + q]);
        }
        $here.send_all($operands, parts)
    }};
}

/// What a sweep walks along.
struct Sweep<'t, S> {
    view: View<'t>,
    adjoints: &'t [Cell<S>],
    /// Below this are leaves and constants alone, or nothing that wants a gradient.
    lowest: usize,
    /// Room for the operands of an n-ary op.
    args: &'t RefCell<Vec<S>>,
}

/// Where a walk back stops.
enum Stop {
    End,
    /// At an adjoint that is NaN.
    Nan,
    /// In a run of adjoints that are 0; those from `end` up were looked at.
    Zeros {
        end: usize,
    },
}

macro_rules! define_steps {
    (
        ops { $($(#[doc = $doc:literal])+ $vis:vis $Op:ident = $name:ident($x:ident $(, $y:ident)* $(; $($k:ident: $kind:ident),+)?) -> $r:ident, $cost:ident $form:ident $symbol:literal, $value:block, $bar:ident => [$($pull:expr),*];)+ }
        folds { $($(#[doc = $fdoc:literal])+ $Fo:ident = $fname:ident($($fx:ident),+) -> $fr:ident, $fform:ident $fsym:literal, least $least:literal, $fval:block, $emit:ident => $partials:block;)+ }
    ) => {
        /// Sends the adjoint of an entry to its operands, one function a row; what they return is
        /// for the adjoint of the entry right below.
        mod step {
            use super::*;

            $(#[inline(always)]
            pub(super) fn $name<S: AdjointScalar, B: Adjoint<S>>(here: Here<'_, S, B, impl Fn(Entry, u32) -> S + Copy>) -> Option<S> {
                let operands = here.view.fixed::<{ count!($x $($y)*) }, { count!($($($k)+)?) }>(here.entry());
                send!($cost, rule::$name, here.view.imm::<{ count!($x $($y)*) }, { count!($($($k)+)?) }>(here.entry()), operands, here)
            })+

            $(pub(super) fn $fname<S: AdjointScalar, B: Adjoint<S>>(here: Here<'_, S, B, impl Fn(Entry, u32) -> S + Copy>, args: &RefCell<Vec<S>>) -> Option<S> {
                out_of_line(move || {
                    let operands = here.view.list(here.entry());
                    let args = &mut *args.borrow_mut();
                    args.clear();
                    args.extend(operands.iter().map(|x| read(here.view.entries, x.get(), here.at)));
                    rule::$fname(args, (here.at)(here.entry(), here.i as u32), |k, partial| {
                        here.send(operands[k].get(), (Guarded(here.bar.get()) * partial).get());
                    });
                });
                None
            })+

            /// The step of any op, by a jump.
            #[inline(always)]
            pub(super) fn any<S: AdjointScalar, B: Adjoint<S>>(here: Here<'_, S, B, impl Fn(Entry, u32) -> S + Copy>, code: u8, args: &RefCell<Vec<S>>) -> Option<S> {
                match code {
                    $(codes::$Op => $name(here),)+
                    $(codes::$Fo => $fname(here, args),)+
                    _ => None,
                }
            }
        }
    };
}
for_each_op!(define_steps);

/// The common ops of two operands.
#[inline(always)]
fn common_binary<S: AdjointScalar, B: Adjoint<S>>(
    here: Here<'_, S, B, impl Fn(Entry, u32) -> S + Copy>,
    code: u8,
) -> Option<S> {
    if code == codes::Mul {
        return step::mul(here);
    }
    let operands = here.view.fixed::<2, 0>(here.entry());
    let parts = if code == codes::Add {
        parts!(rule::add, NO_IMM, operands, here)
    } else {
        parts!(rule::sub, NO_IMM, operands, here)
    };
    send!(parts, operands, here)
}

/// The common ops of an operand and a constant.
#[inline(always)]
fn common_with_constant<S: AdjointScalar, B: Adjoint<S>>(
    here: Here<'_, S, B, impl Fn(Entry, u32) -> S + Copy>,
    code: u8,
) -> Option<S> {
    let operands = here.view.fixed::<1, 1>(here.entry());
    let parts = if code == codes::MulC {
        parts!(rule::mul_c, here.view.imm::<1, 1>(here.entry()), operands, here)
    } else if code <= codes::SubC {
        // `sub_c` sends what `add_c` does.
        parts!(rule::add_c, NO_IMM, operands, here)
    } else {
        parts!(rule::c_sub, NO_IMM, operands, here)
    };
    here.send_all(operands, parts)
}

/// Sends the adjoints back from the one at `last` down to `lowest`, or to a run of zeros.
#[inline(always)]
fn run<S: AdjointScalar, B: Adjoint<S>>(
    sweep: &Sweep<'_, S>,
    last: usize,
    at: impl Fn(Entry, u32) -> S + Copy,
) -> Stop {
    let Sweep {
        view,
        adjoints,
        lowest,
        args,
    } = *sweep;
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
        let here = Here {
            view,
            adjoints,
            cell,
            i,
            bar: B::of(bar),
            at,
        };
        i = near;
        cell = cell_below;
        if bar.is_zero_or_nan() {
            rare();
            if !B::GUARDED && bar.is_nan() {
                return Stop::Nan;
            }
            if bar.is_zero() {
                if here.i < lowest {
                    return Stop::End;
                }
                if below.is_zero() {
                    return Stop::Zeros { end: near };
                }
                bar = below;
                continue;
            }
        }
        // The code of the op; more than any of them where no gradient is wanted.
        let code = here.entry().tag();
        let carried = if code <= codes::Sub {
            common_binary(here, code)
        } else if code <= codes::CSub {
            common_with_constant(here, code)
        } else {
            if here.i < lowest {
                return Stop::End;
            }
            let carried = step::any(here, code, args);
            // It may have sent through memory.
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

/// Sends what is in `adjoints` back, from its last entry to the first leaf; `args` is room for the
/// operands of an n-ary op. Returns whether a product may have wanted a guard: an adjoint is NaN, and
/// those of entries below it were not looked at.
///
/// A function of its own, so that the loop is the same wherever it is called from.
#[inline(never)]
fn reverse<S: AdjointScalar, B: Adjoint<S>>(
    tape: &Tape,
    adjoints: &[Cell<S>],
    args: &RefCell<Vec<S>>,
    at: impl Fn(Entry, u32) -> S + Copy,
) -> bool {
    let sweep = Sweep {
        view: tape.view().below(adjoints.len()),
        adjoints,
        lowest: tape.sources().max(tape.first_leaf().saturating_add(1)) as usize,
        args,
    };
    let mut last = adjoints.len().wrapping_sub(1);
    loop {
        match run::<S, B>(&sweep, last, at) {
            Stop::Zeros { end } => last = last_sending(adjoints, end),
            Stop::Nan => return true,
            // The loop ends before it looks at these.
            Stop::End => return any_nan(&adjoints[..sweep.lowest.min(adjoints.len())]),
        }
    }
}

/// Sweeps back from what `seeds` say, position by position.
///
/// To guard every product costs a tenth of a sweep, and matters where one would be `0 * inf` or
/// the like. So they are not guarded at first, and all is swept again, guarded, where a NaN came
/// of it: what else rules send is the same. (Dear rules and n-ary ops are guarded always: there it
/// costs little beside the rest.)
#[inline(always)]
fn guarded<S: AdjointScalar>(
    tape: &Tape,
    adjoints: &[Cell<S>],
    seeds: &[(u32, S)],
    args: &RefCell<Vec<S>>,
    at: impl Fn(Entry, u32) -> S + Copy,
) {
    seed(adjoints, seeds);
    if reverse::<S, Plain<S>>(tape, adjoints, args, at) {
        rarely(|| {
            seed(adjoints, seeds);
            reverse::<S, Guarded<S>>(tape, adjoints, args, at);
        });
    }
}

/// So many adjoints are few: written and read one by one. A processor hands what was just written to
/// who reads it only where both are of one width; else the reader waits for memory, which takes longer
/// than what many at a time would save.
const FEW: usize = 16;

/// Makes every adjoint 0 but those of the seeds.
#[inline(always)]
fn seed<S: AdjointScalar>(adjoints: &[Cell<S>], seeds: &[(u32, S)]) {
    // A zero that the compiler does not know is one that it does not call a function to write.
    let zero = if adjoints.len() <= FEW {
        black_box(S::ZERO)
    } else {
        S::ZERO
    };
    adjoints.iter().for_each(|adjoint| adjoint.set(zero));
    let place = |position: u32| adjoints.get(position as usize);
    // The first is not added to the 0 there, which would have to be waited for.
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

/// Where the last adjoint below `end` stands that is not 0; nowhere without one. Zeros come in runs:
/// where a relu is flat, say, all that it was made of.
#[inline(never)]
fn last_sending<S: AdjointScalar>(adjoints: &[Cell<S>], end: usize) -> usize {
    let sends = |adjoint: &Cell<S>| !adjoint.get().is_zero();
    let below = &adjoints[..end.min(adjoints.len())];
    below.iter().rposition(sends).unwrap_or(usize::MAX)
}

/// Whether one of them is NaN.
#[inline(always)]
fn any_nan<S: AdjointScalar>(adjoints: &[Cell<S>]) -> bool {
    let is_nan = |adjoint: &Cell<S>| adjoint.get().is_nan();
    match adjoints.len() <= FEW {
        true => adjoints.iter().any(is_nan),
        // Without a way out in the middle, many at a time.
        false => adjoints.iter().fold(false, |any, adjoint| any | is_nan(adjoint)),
    }
}

/// Sweeps back over plain numbers from the seeds; `args` is room for the operands of an n-ary op.
#[inline]
pub(crate) fn back(tape: &Tape, adjoints: &[Cell<f64>], seeds: &[(u32, f64)], args: &RefCell<Vec<f64>>) {
    guarded(tape, adjoints, seeds, args, plain);
}

/// As [`back`], over duals: values of the tape with these tangents.
#[inline(never)]
pub(crate) fn back_dual<const N: usize>(
    tape: &Tape,
    tangents: &[Tangents<N>],
    adjoints: &[Cell<Dual<N>>],
    seeds: &[(u32, Dual<N>)],
    args: &RefCell<Vec<Dual<N>>>,
) {
    guarded(tape, adjoints, seeds, args, |entry, x| Dual {
        value: entry.value,
        tangents: tangents.get(x as usize).map_or([0.0; N], |tangent| tangent.0),
    });
}
