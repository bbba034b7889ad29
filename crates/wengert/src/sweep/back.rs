//! Walking the tape back, with adjoints.
//!
//! How fast this is is a matter of instructions and of jumps that are taken, which is why it is
//! written as it is:
//!
//! - The common ops are told apart by comparisons ([`crate::code`]), the others by a jump.
//! - What an entry sends to the one right below it is carried there in a register: adjoints read
//!   back right after they were written take long to come.
//! - An adjoint is asked once whether it is 0, so that nothing need be sent, or NaN, so that the
//!   sweep was run without guards in vain: see [`guarded`].
//! - Branches that hardly happen say so.

use std::cell::Cell;

use super::{Number, plain, read, wants};
use crate::code::codes;
use crate::cold::{out_of_line, rare, rarely};
use crate::dual::{Dual, Tangents};
use crate::op::{NO_IMM, count, for_each_op};
use crate::scalar::{Adj, Adjoint, Bare, rule};
use crate::tape::{Entry, Stored, Tape};
use crate::view::View;

/// Where a sweep stands: at the entry at `i`, whose adjoint is `bar`. `at` gives an entry, of which
/// it is told where it stands, as the scalar that the adjoints are.
#[derive(Clone, Copy)]
struct Here<'t, B, A> {
    /// The entries up to where the sweep began.
    view: View<'t>,
    cell: &'t Cell<Stored>,
    i: usize,
    bar: B,
    at: A,
}

impl<B, A> Here<'_, B, A> {
    #[inline(always)]
    fn entry(&self) -> Entry {
        self.cell.get().into()
    }
}

/// Sends the adjoint `bar` to the operands: in the loop where the rule is a flop or two, out of it
/// where the rule calls functions. What goes to the entry right below is not sent but returned.
///
/// What both of two operands receive where they are one, as in `x * x`, is added up first.
/// (Derivatives as graph do the same, so that their bits are those of the sweep. Ternary and n-ary
/// ops add part by part, here and there.)
macro_rules! send {
    (linear, $rule:path, $imm:expr, $operands:ident, $here:ident, $adjoints:ident) => {{
        // Neither values nor immediates say what ops of this kind send.
        let mut parts = $operands.map(|_| $here.bar);
        $rule(
            $operands.map(|_| S::ZERO),
            NO_IMM,
            S::ZERO,
            |_| Some($here.bar),
            |k, part| parts[k] = part,
        );
        if let (&[x, y], &[p, q]) = (&$operands[..], &parts[..])
            && x == y
        {
            rare();
            return send_all($adjoints, $here.i, [x], [(p + q).get()]);
        }
        send_all($adjoints, $here.i, $operands, parts.map(Adjoint::get))
    }};
    (native, $rule:path, $imm:expr, $operands:ident, $here:ident, $adjoints:ident) => {{
        let len = $here.view.entries.len();
        // They lie below, always; said once, it spares the checks of every access after it.
        if $operands[0] as usize >= len {
            rare();
            return S::ZERO;
        }
        if let [x, y] = $operands[..]
            && x == y
        {
            rare();
            let parts = parts!($rule, $imm, $operands.map(|_| x), $here);
            let both = parts[1..].iter().fold(parts[0], |sum, &part| sum + part);
            return send_all($adjoints, $here.i, [x], [both]);
        }
        for &x in &$operands[1..] {
            if x as usize >= len {
                rare();
                return S::ZERO;
            }
        }
        let parts = parts!($rule, $imm, $operands, $here);
        send_all($adjoints, $here.i, $operands, parts)
    }};
    (dear, $rule:path, $imm:expr, $operands:ident, $here:ident, $adjoints:ident) => {{
        // Taken out of `here` first: what a closure borrows has to be in memory.
        let Here { view, cell, i, bar, at } = $here;
        let (entries, imm) = (view.entries, $imm);
        out_of_line(move || {
            let mut parts = $operands.map(|_| None);
            $rule(
                $operands.map(|x| read(entries, x, at)),
                imm,
                at(Entry::from(cell.get()), i as u32),
                |k| ($operands.len() == 1 || wants(entries, $operands[k])).then_some(Adj(bar.get())),
                |k, part| parts[k] = Some(part),
            );
            match (&$operands[..], &parts[..]) {
                (&[x, y], &[Some(p), Some(q)]) if x == y => send_to($adjoints, x, (p + q).get()),
                _ => {
                    for (x, part) in $operands.into_iter().zip(parts) {
                        part.into_iter().for_each(|part| send_to($adjoints, x, part.get()));
                    }
                }
            }
        });
        S::ZERO
    }};
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

/// Adds to the adjoint at `index`; there always is one, as there is an entry: see [`read`].
#[inline(always)]
fn send_to<S: Number>(adjoints: &mut [S], index: u32, part: S) {
    match adjoints.get_mut(index as usize) {
        Some(adjoint) => *adjoint = *adjoint + part,
        None => rare(),
    }
}

/// Adds to the adjoints of the operands of the entry at `i` and returns what the entry right below
/// it receives last. Two operands must differ; three or more receive their parts in order.
#[inline(always)]
fn send_all<S: Number, const N: usize>(adjoints: &mut [S], i: usize, operands: [u32; N], parts: [S; N]) -> S {
    let near = |x: u32| x as usize == i.wrapping_sub(1);
    match (&operands[..], &parts[..]) {
        (&[x], &[p]) => {
            if near(x) {
                return p;
            }
            rare();
            send_to(adjoints, x, p);
        }
        (&[x, y], &[p, q]) => {
            if near(y) {
                send_to(adjoints, x, p);
                return q;
            }
            send_to(adjoints, y, q);
            if near(x) {
                return p;
            }
            send_to(adjoints, x, p);
        }
        _ => (0..N).for_each(|k| send_to(adjoints, operands[k], parts[k])),
    }
    S::ZERO
}

/// What the loop takes for granted where it compares codes.
const _: () = assert!(
    codes::Mul == 0
        && codes::Add == 1
        && codes::Sub == 2
        && codes::MulC == 3
        && codes::AddC == 4
        && codes::SubC == 5
        && codes::CSub == 6
);

/// How a sweep ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Done,
    /// An adjoint is NaN. Those of entries below it were not looked at.
    Nan,
}

macro_rules! define_back {
    (
        ops { $($(#[doc = $odoc:literal])+ $Op:ident = $oname:ident($ox:ident $(, $oy:ident)*) -> $or:ident, $ocost:ident $oform:ident $osym:literal, $oval:block, $obar:ident => [$($opull:expr),+];)+ }
        helpers { $($(#[doc = $hdoc:literal])+ $He:ident = $hname:ident($hx:ident $(, $hy:ident)* $(; $($hk:ident),+)?) -> $hr:ident, $hcost:ident $hform:ident $hsym:literal, $hval:block, $hbar:ident => [$($hpull:expr),+];)+ }
        stops { $($(#[doc = $sdoc:literal])+ $St:ident = $sname:ident($sx:ident $(, $sy:ident)*), $sform:ident $ssym:literal, $sval:block;)+ }
        folds { $($(#[doc = $fdoc:literal])+ $Fo:ident = $fname:ident($($fx:ident),+) -> $fr:ident, $fform:ident $fsym:literal, least $least:literal, $fval:block, $emit:ident => $partials:block;)+ }
    ) => {
        /// Sends the adjoint of an entry to its operands, one function a row; what they return is
        /// for the adjoint of the entry right below.
        mod step {
            use super::*;

            $(#[inline(always)]
            pub(super) fn $oname<S: Number, B: Adjoint<S>>(here: Here<'_, B, impl Fn(Entry, u32) -> S + Copy>, adjoints: &mut [S]) -> S {
                let operands = here.view.fixed::<{ count!($ox $($oy)*) }, 0>(here.entry());
                send!($ocost, rule::$oname, NO_IMM, operands, here, adjoints)
            })+
            $(#[inline(always)]
            pub(super) fn $hname<S: Number, B: Adjoint<S>>(here: Here<'_, B, impl Fn(Entry, u32) -> S + Copy>, adjoints: &mut [S]) -> S {
                let operands = here.view.fixed::<{ count!($hx $($hy)*) }, { count!($($($hk)+)?) }>(here.entry());
                send!($hcost, rule::$hname, here.view.imm::<{ count!($hx $($hy)*) }, { count!($($($hk)+)?) }>(here.entry()), operands, here, adjoints)
            })+
            $(pub(super) fn $fname<S: Number, B: Adjoint<S>>(here: Here<'_, B, impl Fn(Entry, u32) -> S + Copy>, adjoints: &mut [S], args: &mut Vec<S>) -> S {
                let Here { view, cell, i, bar, at } = here;
                let operands = view.list(here.entry());
                out_of_line(move || {
                    args.clear();
                    args.extend(operands.iter().map(|x| read(view.entries, x.get(), at)));
                    rule::$fname(args, at(Entry::from(cell.get()), i as u32), |k, partial| {
                        send_to(adjoints, operands[k].get(), (Adj(bar.get()) * partial).get());
                    });
                });
                S::ZERO
            })+
        }

        /// Sends what is in `adjoints` back, from its last entry to the first leaf; `args` is room
        /// for the operands of an n-ary op.
        ///
        /// A function of its own, so that the loop is the same wherever it is called from.
        #[inline(never)]
        fn reverse<S: Number, B: Adjoint<S>>(tape: &Tape, adjoints: &mut [S], args: &mut Vec<S>, at: impl Fn(Entry, u32) -> S + Copy) -> Outcome {
            // Below this are leaves and constants alone, or nothing that wants a gradient.
            let lowest = tape.sources().max(tape.first_leaf().saturating_add(1)) as usize;
            let view = tape.view().below(adjoints.len());
            let mut i = adjoints.len();
            let mut carried = S::ZERO;
            loop {
                i = i.wrapping_sub(1);
                let (Some(cell), Some(adjoint)) = (view.entries.get(i), adjoints.get_mut(i)) else { break };
                let bar = *adjoint + carried;
                *adjoint = bar;
                if bar.is_zero_or_nan() {
                    rare();
                    if !B::GUARDED && bar.is_nan() {
                        return Outcome::Nan;
                    }
                    if bar.is_zero() {
                        if i < lowest {
                            break;
                        }
                        carried = S::ZERO;
                        continue;
                    }
                }
                let here = Here { view, cell, i, bar: B::of(bar), at };
                // The code of the op, and more than any of them where no gradient is wanted.
                let code = here.entry().tag();
                if code <= codes::Sub {
                    carried = if code == codes::Mul {
                        step::mul(here, adjoints)
                    } else if code == codes::Add {
                        step::add(here, adjoints)
                    } else {
                        step::sub(here, adjoints)
                    };
                    continue;
                }
                if code <= codes::CSub {
                    carried = if code <= codes::AddC {
                        if code == codes::MulC { step::mul_c(here, adjoints) } else { step::add_c(here, adjoints) }
                    } else if code == codes::SubC {
                        step::sub_c(here, adjoints)
                    } else {
                        step::c_sub(here, adjoints)
                    };
                    continue;
                }
                if i < lowest {
                    break;
                }
                carried = match code {
                    $(codes::$Op => step::$oname(here, adjoints),)+
                    $(codes::$He => step::$hname(here, adjoints),)+
                    $(codes::$Fo => step::$fname(here, adjoints, args),)+
                    _ => S::ZERO,
                }
            }
            match adjoints[..lowest.min(adjoints.len())].iter().any(S::is_nan) {
                true => Outcome::Nan,
                false => Outcome::Done,
            }
        }
    };
}
for_each_op!(define_back);

/// Sweeps back from what `seeds` say, position by position.
///
/// To guard every product costs a tenth of a sweep, and matters where one would be `0 * inf` or
/// the like. So they are not guarded at first, and all is swept again, guarded, where a NaN came
/// of it: what else rules send is the same. (Dear rules and n-ary ops are guarded always: there it
/// costs little beside the rest.)
#[inline(always)]
fn guarded<S: Number>(
    tape: &Tape,
    adjoints: &mut [S],
    seeds: &[(u32, S)],
    args: &mut Vec<S>,
    at: impl Fn(Entry, u32) -> S + Copy,
) {
    seed(adjoints, seeds);
    if reverse::<S, Bare<S>>(tape, adjoints, args, at) == Outcome::Nan {
        rarely(|| {
            seed(adjoints, seeds);
            reverse::<S, Adj<S>>(tape, adjoints, args, at);
        });
    }
}

#[inline(always)]
fn seed<S: Number>(adjoints: &mut [S], seeds: &[(u32, S)]) {
    adjoints.fill(S::ZERO);
    for &(position, seed) in seeds {
        send_to(adjoints, position, seed);
    }
}

/// Sweeps back over plain numbers from the seeds; `args` is room for the operands of an n-ary op.
#[inline(never)]
pub(crate) fn back(tape: &Tape, adjoints: &mut [f64], seeds: &[(u32, f64)], args: &mut Vec<f64>) {
    guarded(tape, adjoints, seeds, args, plain);
}

/// As [`back`], over duals: values of the tape with these tangents.
#[inline(never)]
pub(crate) fn back_dual<const N: usize>(
    tape: &Tape,
    tangents: &[Tangents<N>],
    adjoints: &mut [Dual<N>],
    seeds: &[(u32, Dual<N>)],
    args: &mut Vec<Dual<N>>,
) {
    guarded(tape, adjoints, seeds, args, |entry, x| Dual {
        value: entry.value,
        tangents: tangents.get(x as usize).map_or([0.0; N], |tangent| tangent.0),
    });
}
