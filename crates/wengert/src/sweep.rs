//! Walking the tape: forward to recompute values or carry tangents, back to carry adjoints. Read
//! [`crate::expr`] next.
//!
//! The loops here are the rules of the table once more, unrolled into one match on the bits of the
//! op, so that an op's operands are decoded and its rule applied without a call or a second match.

use smallvec::SmallVec;

use crate::op::{NO_IMM, Op, count, for_each_op};
use crate::scalar::{Adj, Bar, Scalar, rule, value};
use crate::tape::{Entry, Tape};

/// A scalar whose sum starts from a zero, as adjoints do.
pub(crate) trait Number: Scalar {
    const ZERO: Self;
    /// Whether it and its tangents are 0, so that nothing need be sent on.
    fn is_zero(&self) -> bool;
}

impl Number for f64 {
    const ZERO: f64 = 0.0;
    #[inline(always)]
    fn is_zero(&self) -> bool {
        *self == 0.0
    }
}

macro_rules! is_native {
    (native) => {
        true
    };
    (dear) => {
        false
    };
}

macro_rules! has {
    () => {
        false
    };
    ($($k:ident)+) => {
        true
    };
}

/// Adds to the adjoint at `index`. A tape's operands lie within it, so the check never fails;
/// `get_mut` keeps it from being a panic in the middle of the loop.
#[inline(always)]
fn add<S: Number>(adjoints: &mut [S], index: u32, bar: Adj<S>) {
    if let Some(adjoint) = adjoints.get_mut(index as usize) {
        *adjoint = *adjoint + bar.0;
    }
}

/// The value at `index`, as [`add`] without a panic.
#[inline(always)]
fn primal(entries: &[Entry], index: u32) -> f64 {
    entries.get(index as usize).map_or(0.0, |entry| entry.value)
}

#[inline(always)]
fn wants(entries: &[Entry], index: u32) -> bool {
    entries.get(index as usize).is_some_and(|entry| entry.wants())
}

macro_rules! define_sweeps {
    (
        ops { $($(#[doc = $odoc:literal])+ $Op:ident = $oname:ident($ox:ident $(, $oy:ident)*) -> $or:ident, $ocost:ident $oform:ident $osym:literal, $oval:block, $obar:ident => [$($opull:expr),+];)+ }
        helpers { $($(#[doc = $hdoc:literal])+ $He:ident = $hname:ident($hx:ident $(, $hy:ident)* $(; $($hk:ident),+)?) -> $hr:ident, $hcost:ident $hform:ident $hsym:literal, $hval:block, $hbar:ident => [$($hpull:expr),+];)+ }
        stops { $($(#[doc = $sdoc:literal])+ $St:ident = $sname:ident($sx:ident $(, $sy:ident)*), $sform:ident $ssym:literal, $sval:block;)+ }
        folds { $($(#[doc = $fdoc:literal])+ $Fo:ident = $fname:ident($($fx:ident),+) -> $fr:ident, $fform:ident $fsym:literal, least $least:literal, $fval:block, $emit:ident => $partials:block;)+ }
    ) => {
        /// The op numbers as constants, to match on.
        #[allow(non_upper_case_globals, dead_code, reason = "named as the ops, all of them")]
        mod bits {
            use super::Op;
            $(pub(super) const $Op: u8 = Op::$Op as u8;)+
            $(pub(super) const $He: u8 = Op::$He as u8;)+
            $(pub(super) const $St: u8 = Op::$St as u8;)+
            $(pub(super) const $Fo: u8 = Op::$Fo as u8;)+
        }

        /// Recomputes every value from the leaves.
        pub(crate) fn recompute(tape: &mut Tape) {
            let mut args: SmallVec<[f64; 16]> = SmallVec::new();
            for i in tape.sources as usize..tape.entries.len() {
                let entry = tape.entries[i];
                let new = match entry.op_bits() {
                    $(bits::$Op => {
                        let (operands, _) = tape.fixed::<{ count!($ox $($oy)*) }, false>(entry);
                        value::$oname(operands.map(|x| primal(&tape.entries, x)), NO_IMM)
                    })+
                    $(bits::$He => {
                        let (operands, imm) = tape.fixed::<{ count!($hx $($hy)*) }, { has!($($($hk)+)?) }>(entry);
                        value::$hname(operands.map(|x| primal(&tape.entries, x)), imm)
                    })+
                    $(bits::$St => {
                        let (operands, _) = tape.fixed::<{ count!($sx $($sy)*) }, false>(entry);
                        value::$sname(operands.map(|x| primal(&tape.entries, x)), NO_IMM)
                    })+
                    $(bits::$Fo => {
                        args.clear();
                        args.extend(tape.list(entry).iter().map(|&x| primal(&tape.entries, x)));
                        value::$fname(&args)
                    })+
                    _ => entry.value,
                };
                tape.entries[i].value = new;
            }
        }

        /// Sends the adjoints of `adjoints` back, from its last entry to the first leaf. `at` gives
        /// the value of an entry as the scalar that the adjoints are.
        #[inline(always)]
        pub(crate) fn reverse<S: Number>(tape: &Tape, adjoints: &mut [S], at: impl Fn(&[Entry], u32) -> S) {
            let entries = &tape.entries[..adjoints.len()];
            let lowest = tape.sources.max(tape.first_leaf.saturating_add(1)) as usize;
            let mut args: SmallVec<[S; 16]> = SmallVec::new();
            for i in (lowest..entries.len()).rev() {
                let entry = entries[i];
                let bar = adjoints[i];
                if bar.is_zero() || !entry.wants() {
                    continue;
                }
                match entry.op_bits() {
                    $(bits::$Op => {
                        let (operands, _) = tape.fixed::<{ count!($ox $($oy)*) }, false>(entry);
                        let all = is_native!($ocost) || operands.len() == 1;
                        rule::$oname(
                            operands.map(|x| at(entries, x)), NO_IMM, at(entries, i as u32),
                            |k| (all || wants(entries, operands[k])).then_some(Adj(bar)),
                            |k, bar| add(adjoints, operands[k], bar),
                        );
                    })+
                    $(bits::$He => {
                        let (operands, imm) = tape.fixed::<{ count!($hx $($hy)*) }, { has!($($($hk)+)?) }>(entry);
                        let all = is_native!($hcost) || operands.len() == 1;
                        rule::$hname(
                            operands.map(|x| at(entries, x)), imm, at(entries, i as u32),
                            |k| (all || wants(entries, operands[k])).then_some(Adj(bar)),
                            |k, bar| add(adjoints, operands[k], bar),
                        );
                    })+
                    $(bits::$Fo => {
                        let operands = tape.list(entry);
                        args.clear();
                        args.extend(operands.iter().map(|&x| at(entries, x)));
                        rule::$fname(&args, at(entries, i as u32), |k, partial| add(adjoints, operands[k], Adj(bar) * partial));
                    })+
                    _ => {}
                }
            }
        }

        /// Carries tangents forward, from the leaves' in `tangents` to every entry it has room for.
        /// What stands in the places of computed nodes is overwritten.
        #[inline(always)]
        pub(crate) fn tangents<B: Bar<f64>>(tape: &Tape, tangents: &mut [B], zero: B) {
            let entries = &tape.entries[..tangents.len()];
            let mut args: SmallVec<[f64; 16]> = SmallVec::new();
            for i in tape.sources as usize..entries.len() {
                let entry = entries[i];
                if entry.is_source() {
                    continue;
                }
                let mut sum = zero;
                if entry.wants() {
                    match entry.op_bits() {
                        $(bits::$Op => {
                            let (operands, _) = tape.fixed::<{ count!($ox $($oy)*) }, false>(entry);
                            rule::$oname(
                                operands.map(|x| primal(entries, x)), NO_IMM, entry.value,
                                |k| wants(entries, operands[k]).then(|| tangent(tangents, operands[k], zero)),
                                |_, part| sum = sum + part,
                            );
                        })+
                        $(bits::$He => {
                            let (operands, imm) = tape.fixed::<{ count!($hx $($hy)*) }, { has!($($($hk)+)?) }>(entry);
                            rule::$hname(
                                operands.map(|x| primal(entries, x)), imm, entry.value,
                                |k| wants(entries, operands[k]).then(|| tangent(tangents, operands[k], zero)),
                                |_, part| sum = sum + part,
                            );
                        })+
                        $(bits::$Fo => {
                            let operands = tape.list(entry);
                            args.clear();
                            args.extend(operands.iter().map(|&x| primal(entries, x)));
                            rule::$fname(&args, entry.value, |k, partial| {
                                sum = sum + tangent(tangents, operands[k], zero) * partial;
                            });
                        })+
                        _ => {}
                    }
                }
                tangents[i] = sum;
            }
        }
    };
}
for_each_op!(define_sweeps);

/// The tangent at `index`, as [`add`] without a panic.
#[inline(always)]
fn tangent<B: Copy>(tangents: &[B], index: u32, zero: B) -> B {
    tangents.get(index as usize).copied().unwrap_or(zero)
}

/// The value of an entry, for sweeps over plain numbers.
#[inline(always)]
pub(crate) fn plain(entries: &[Entry], index: u32) -> f64 {
    primal(entries, index)
}
