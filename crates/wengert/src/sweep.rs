//! Walking the tape: forward to recompute values or carry tangents, back to carry adjoints. Read
//! [`crate::expr`] next.
//!
//! The loops here are the rules of the table once more, unrolled into one match on the bits of the
//! op, so that an op's operands are decoded and its rule applied without a call or a second match.

use std::cell::Cell;

use smallvec::SmallVec;

use crate::dual::{Dual, Loose, Tangents, push_tangents, rarely, total};
use crate::op::{NO_IMM, Op, count, for_each_op};
use crate::scalar::{Adj, Adjoint, Bare, Scalar, rule, value};
use crate::tape::{Entry, Stored, Tape};

/// A scalar whose sum starts from a zero, as adjoints do.
pub(crate) trait Number: Scalar {
    const ZERO: Self;
    /// Whether it and its tangents are 0, so that nothing need be sent on. An adjoint, which starts
    /// from 0 and is added to, is never -0.
    fn is_zero(&self) -> bool;
    /// Whether it or a tangent is NaN, or it has infinities of both signs.
    fn is_nan(&self) -> bool;
}

impl Number for f64 {
    const ZERO: f64 = 0.0;
    #[inline(always)]
    fn is_zero(&self) -> bool {
        self.to_bits() == 0
    }
    #[inline(always)]
    fn is_nan(&self) -> bool {
        f64::is_nan(*self)
    }
}

/// Sends the adjoint `bar` of the entry at `i` to its operands: in the loop where the rule is a
/// flop or two, out of it where the rule calls functions.
macro_rules! send {
    (linear, $rule:path, $imm:expr, $operands:ident, $below:ident, $cell:ident, $i:ident, $bar:ident, $at:ident, $adjoints:ident, $next:ident, $sum:ident) => {
        // Neither values nor immediates say what ops of this kind send.
        let mut parts = $operands.map(|_| $bar);
        $rule(
            $operands.map(|_| S::ZERO),
            NO_IMM,
            S::ZERO,
            |_| Some($bar),
            |k, part| parts[k] = part,
        );
        add_all($adjoints, $operands, parts.map(Adjoint::get), &mut $next);
    };
    (native, $rule:path, $imm:expr, $operands:ident, $below:ident, $cell:ident, $i:ident, $bar:ident, $at:ident, $adjoints:ident, $next:ident, $sum:ident) => {
        if !all_below($operands, $i) {
            break;
        }
        let values = $operands.map(|x| read($below, x, $at));
        let mut parts = $operands.map(|_| $bar);
        $rule(
            values,
            $imm,
            $at(Entry::from($cell.get()), $i as u32),
            |_| Some($bar),
            |k, part| parts[k] = part,
        );
        $sum = parts[1..].iter().fold(parts[0], |sum, &part| sum + part).get() + $sum;
        add_all($adjoints, $operands, parts.map(Adjoint::get), &mut $next);
    };
    (dear, $rule:path, $imm:expr, $operands:ident, $below:ident, $cell:ident, $i:ident, $bar:ident, $at:ident, $adjoints:ident, $next:ident, $sum:ident) => {
        let adjoints = &mut *$adjoints;
        let imm = $imm;
        $next = out_of_line(move || {
            let mut parts = $operands.map(|_| None);
            $rule(
                $operands.map(|x| read($below, x, $at)),
                imm,
                $at(Entry::from($cell.get()), $i as u32),
                |k| ($operands.len() == 1 || wants($below, $operands[k])).then_some(Adj($bar.get())),
                |k, part| parts[k] = Some(part),
            );
            match (&$operands[..], &parts[..]) {
                (&[x, y], &[Some(p), Some(q)]) if x == y => add(adjoints, x, (p + q).get()),
                _ => (0..parts.len()).for_each(|k| {
                    parts[k]
                        .into_iter()
                        .for_each(|part| add(adjoints, $operands[k], part.get()))
                }),
            }
            last(adjoints)
        });
    };
}

/// The tangents of the entry at `i`, from those of its operands: as [`send`], the other way. Where
/// no gradient is wanted tangents are 0, and cheaper to use than to ask about.
macro_rules! carry {
    (dear, $rule:path, $imm:expr, $operands:ident, $entries:ident, $entry:ident, $tangents:ident, $i:ident) => {
        let (imm, tangents) = ($imm, &mut *$tangents);
        out_of_line(move || {
            let mut sum = Tangents::ZERO;
            $rule(
                $operands.map(|x| primal($entries, x)),
                imm,
                $entry.value,
                |k| ($operands.len() == 1 || wants($entries, $operands[k])).then(|| tangent(tangents, $operands[k])),
                |_, part| sum = sum + part,
            );
            tangents[$i] = sum;
        });
    };
    ($cheap:ident, $rule:path, $imm:expr, $operands:ident, $entries:ident, $entry:ident, $tangents:ident, $i:ident) => {
        let (values, imm) = ($operands.map(|x| primal($entries, x)), $imm);
        let given = $operands.map(|x| tangent($tangents, x));
        $tangents[$i] = push_tangents!($cheap, $rule, values, imm, $entry.value, given);
    };
}

/// Runs what would otherwise take the registers of the loop it stands in.
#[inline(never)]
fn out_of_line<T>(rule: impl FnOnce() -> T) -> T {
    rule()
}

/// The last of the adjoints.
#[inline(always)]
fn last<S: Number>(adjoints: &[S]) -> S {
    adjoints.last().copied().unwrap_or(S::ZERO)
}

/// As [`add`], where the last of the adjoints, the one that is read next, is in `next` too: in
/// long chains it is what the next step waits for, and a register is faster than memory.
#[inline(always)]
fn add_near<S: Number>(adjoints: &mut [S], index: u32, part: S, next: &mut S) {
    if let [rest @ .., last] = adjoints {
        if index as usize == rest.len() {
            *next = *next + part;
            *last = *next;
        } else if let Some(adjoint) = rest.get_mut(index as usize) {
            *adjoint = *adjoint + part;
        }
    }
}

/// Adds to the adjoints of the operands. What both of two receive where they are one, as in
/// `x * x`, is added up first: an adjoint that was just written takes long to read. (Derivatives
/// as graph do the same, so that their bits are those of the sweep. Ternary and n-ary ops add part by
/// part, here and there.)
#[inline(always)]
fn add_all<S: Number, const N: usize>(adjoints: &mut [S], operands: [u32; N], parts: [S; N], next: &mut S) {
    match (&operands[..], &parts[..]) {
        (&[x, y], &[p, q]) if x == y => add_near(adjoints, x, p + q, next),
        _ => (0..N).for_each(|k| add_near(adjoints, operands[k], parts[k], next)),
    }
}

/// Whether the operands stand below position `i`. They do on every tape; said once, it spares the
/// checks of every access after it.
#[inline(always)]
fn all_below<const N: usize>(operands: [u32; N], i: usize) -> bool {
    operands.iter().all(|&x| (x as usize) < i)
}

/// Adds to the adjoint at `index`. A tape's operands lie within it, so the check never fails;
/// `get_mut` keeps it from being a panic in the middle of the loop.
#[inline(always)]
fn add<S: Number>(adjoints: &mut [S], index: u32, part: S) {
    if let Some(adjoint) = adjoints.get_mut(index as usize) {
        *adjoint = *adjoint + part;
    }
}

/// The entry at `index` as the scalar that the adjoints are, as [`add`] without a panic.
#[inline(always)]
fn read<S: Number>(entries: &[Cell<Stored>], index: u32, at: impl Fn(Entry, u32) -> S) -> S {
    entries
        .get(index as usize)
        .map_or(S::ZERO, |cell| at(cell.get().into(), index))
}

/// The value at `index`.
#[inline(always)]
fn primal(entries: &[Cell<Stored>], index: u32) -> f64 {
    read(entries, index, plain)
}

#[inline(always)]
fn wants(entries: &[Cell<Stored>], index: u32) -> bool {
    entries
        .get(index as usize)
        .is_some_and(|cell| Entry::from(cell.get()).wants())
}

macro_rules! define_sweeps {
    (
        ops { $($(#[doc = $odoc:literal])+ $Op:ident = $oname:ident($ox:ident $(, $oy:ident)*) -> $or:ident, $ocost:ident $oform:ident $osym:literal, $oval:block, $obar:ident => [$($opull:expr),+];)+ }
        helpers { $($(#[doc = $hdoc:literal])+ $He:ident = $hname:ident($hx:ident $(, $hy:ident)* $(; $($hk:ident),+)?) -> $hr:ident, $hcost:ident $hform:ident $hsym:literal, $hval:block, $hbar:ident => [$($hpull:expr),+];)+ }
        stops { $($(#[doc = $sdoc:literal])+ $St:ident = $sname:ident($sx:ident $(, $sy:ident)*), $sform:ident $ssym:literal, $sval:block;)+ }
        folds { $($(#[doc = $fdoc:literal])+ $Fo:ident = $fname:ident($($fx:ident),+) -> $fr:ident, $fform:ident $fsym:literal, least $least:literal, $fval:block, $emit:ident => $partials:block;)+ }
    ) => {
        /// The op numbers as constants, to match on; they are the top bytes of entries that want a
        /// gradient.
        #[allow(non_upper_case_globals, dead_code, reason = "named as the ops, all of them")]
        mod bits {
            use super::Op;
            $(pub(super) const $Op: u8 = Op::$Op as u8;)+
            $(pub(super) const $He: u8 = Op::$He as u8;)+
            $(pub(super) const $St: u8 = Op::$St as u8;)+
            $(pub(super) const $Fo: u8 = Op::$Fo as u8;)+
        }

        /// Recomputes every value from the leaves; `args` is room for the operands of an n-ary op.
        pub(crate) fn recompute(tape: &mut Tape, args: &mut Vec<f64>) {
            tape.settle();
            let view = tape.view();
            let entries = view.entries;
            for (i, cell) in entries.iter().enumerate().skip(tape.sources() as usize) {
                let entry = Entry::from(cell.get());
                let below = &entries[..i];
                let new = match entry.op_bits() {
                    $(bits::$Op => {
                        let operands = view.fixed::<{ count!($ox $($oy)*) }, 0>(entry);
                        value::$oname(operands.map(|x| primal(below, x)), NO_IMM)
                    })+
                    $(bits::$He => {
                        let operands = view.fixed::<{ count!($hx $($hy)*) }, { count!($($($hk)+)?) }>(entry);
                        let imm = view.imm::<{ count!($hx $($hy)*) }, { count!($($($hk)+)?) }>(entry);
                        value::$hname(operands.map(|x| primal(below, x)), imm)
                    })+
                    $(bits::$St => {
                        let operands = view.fixed::<{ count!($sx $($sy)*) }, 0>(entry);
                        value::$sname(operands.map(|x| primal(below, x)), NO_IMM)
                    })+
                    $(bits::$Fo => {
                        args.clear();
                        args.extend(view.list(entry).iter().map(|x| primal(below, x.get())));
                        value::$fname(args)
                    })+
                    _ => continue,
                };
                cell.set(entry.with(new));
            }
        }

        /// Sends the adjoints of `adjoints` back, from its last entry to the first leaf. `at` gives
        /// an entry, of which it is told where it stands, as the scalar that the adjoints are;
        /// `scratch` is room for the operands of an n-ary op. Returns the sum of what rules in the
        /// loop sent: NaN where any of it is.
        ///
        /// Operands stand below what uses them, so each step works on the slices below its entry,
        /// both as long as its position. Dear rules are kept out of the loop, which
        /// then has registers enough to spill nothing.
        #[inline(always)]
        fn reverse<S: Number, B: Adjoint<S>>(tape: &Tape, adjoints: &mut [S], scratch: &mut Vec<S>, at: impl Fn(Entry, u32) -> S + Copy) -> S {
            let lowest = tape.sources().max(tape.first_leaf().saturating_add(1)) as usize;
            let view = tape.view();
            let mut entries = &view.entries[..adjoints.len()];
            let mut next = last(adjoints);
            let mut sum = S::ZERO;
            while let [below @ .., entry] = entries {
                let i = below.len();
                if i < lowest {
                    break;
                }
                entries = below;
                let (cell, entry) = (entry, Entry::from(entry.get()));
                let Some(adjoints) = adjoints.get_mut(..i) else { break };
                let bar = next;
                next = last(adjoints);
                if bar.is_zero() {
                    continue;
                }
                let bar = B::of(bar);
                // Leaves and entries that want no gradient match no arm.
                match entry.top() {
                    $(bits::$Op => {
                        let operands = view.fixed::<{ count!($ox $($oy)*) }, 0>(entry);
                        send!($ocost, rule::$oname, NO_IMM, operands, below, cell, i, bar, at, adjoints, next, sum);
                    })+
                    $(bits::$He => {
                        let operands = view.fixed::<{ count!($hx $($hy)*) }, { count!($($($hk)+)?) }>(entry);
                        send!($hcost, rule::$hname, view.imm::<{ count!($hx $($hy)*) }, { count!($($($hk)+)?) }>(entry), operands, below, cell, i, bar, at, adjoints, next, sum);
                    })+
                    $(bits::$Fo => {
                        let operands = view.list(entry);
                        let (adjoints, scratch) = (&mut *adjoints, &mut *scratch);
                        next = out_of_line(move || {
                            scratch.clear();
                            scratch.extend(operands.iter().map(|x| read(below, x.get(), at)));
                            rule::$fname(scratch, at(Entry::from(cell.get()), i as u32), |k, partial| add(adjoints, operands[k].get(), (Adj(bar.get()) * partial).get()));
                            last(adjoints)
                        });
                    })+
                    _ => {}
                }
            }
            sum
        }

        /// Carries tangents forward, from the leaves' in `tangents` to every entry it has room for.
        /// What stands in the places of computed nodes is overwritten.
        #[inline(never)]
        pub(crate) fn tangents<const N: usize>(tape: &Tape, tangents: &mut [Tangents<N>]) {
            let view = tape.view();
            let entries = &view.entries[..tangents.len()];
            let mut args: SmallVec<[f64; 16]> = SmallVec::new();
            for i in tape.sources() as usize..entries.len() {
                let entry = Entry::from(entries[i].get());
                if !entry.wants() {
                    tangents[i] = Tangents::ZERO;
                    continue;
                }
                match entry.op_bits() {
                    $(bits::$Op => {
                        let operands = view.fixed::<{ count!($ox $($oy)*) }, 0>(entry);
                        carry!($ocost, rule::$oname, NO_IMM, operands, entries, entry, tangents, i);
                    })+
                    $(bits::$He => {
                        let operands = view.fixed::<{ count!($hx $($hy)*) }, { count!($($($hk)+)?) }>(entry);
                        carry!($hcost, rule::$hname, view.imm::<{ count!($hx $($hy)*) }, { count!($($($hk)+)?) }>(entry), operands, entries, entry, tangents, i);
                    })+
                    $(bits::$Fo => {
                        let operands = view.list(entry);
                        args.clear();
                        args.extend(operands.iter().map(|x| primal(entries, x.get())));
                        let mut sum = Tangents::ZERO;
                        rule::$fname(&args, entry.value, |k, partial| sum = sum + tangent(tangents, operands[k].get()) * partial);
                        tangents[i] = sum;
                    })+
                    _ => {}
                }
            }
        }
    };
}
for_each_op!(define_sweeps);

/// The tangent at `index`, as [`add`] without a panic.
#[inline(always)]
fn tangent<const N: usize>(tangents: &[Tangents<N>], index: u32) -> Tangents<N> {
    tangents.get(index as usize).copied().unwrap_or(Tangents::ZERO)
}

/// Sweeps back from what `seeds` say, position by position; see [`reverse`] for the rest.
///
/// To guard every product costs a tenth of a sweep, and matters where one would be `0 * inf` or
/// the like. So they are not guarded at first, and all is swept again, guarded, where a NaN came
/// of it: what else rules send is the same.
#[inline(always)]
fn guarded<S: Number>(
    tape: &Tape,
    adjoints: &mut [S],
    seeds: &[(u32, S)],
    scratch: &mut Vec<S>,
    at: impl Fn(Entry, u32) -> S + Copy,
) {
    seed(adjoints, seeds);
    if reverse::<S, Bare<S>>(tape, adjoints, scratch, at).is_nan() {
        again(|| {
            seed(adjoints, seeds);
            reverse::<S, Adj<S>>(tape, adjoints, scratch, at);
        });
    }
}

#[inline(always)]
fn seed<S: Number>(adjoints: &mut [S], seeds: &[(u32, S)]) {
    adjoints.fill(S::ZERO);
    for &(position, seed) in seeds {
        add(adjoints, position, seed);
    }
}

#[cold]
#[inline(never)]
fn again(sweep: impl FnOnce()) {
    sweep();
}

/// Sweeps back over plain numbers from the seeds; `scratch` is room for the operands of an n-ary op.
#[inline(never)]
pub(crate) fn back(tape: &Tape, adjoints: &mut [f64], seeds: &[(u32, f64)], scratch: &mut Vec<f64>) {
    guarded(tape, adjoints, seeds, scratch, plain);
}

/// As [`back`], over duals: values of the tape with these tangents.
#[inline(never)]
pub(crate) fn back_dual<const N: usize>(
    tape: &Tape,
    tangents: &[Tangents<N>],
    adjoints: &mut [Dual<N>],
    seeds: &[(u32, Dual<N>)],
    scratch: &mut Vec<Dual<N>>,
) {
    guarded(tape, adjoints, seeds, scratch, |entry, x| Dual {
        value: entry.value,
        tangents: tangents.get(x as usize).map_or([0.0; N], |tangent| tangent.0),
    });
}

/// The value of an entry, for sweeps over plain numbers.
#[inline(always)]
fn plain(entry: Entry, _: u32) -> f64 {
    entry.value
}
