//! The forward sweep that carries tangents.

use alloc::vec::Vec;
use core::cell::RefCell;

use super::{external, primal, wants};
use crate::array::each;
use crate::cold::out_of_line;
use crate::error::Error;
use crate::op::{codes, count, for_each_op, is_derivative};
use crate::scalar::rule;
use crate::scalar::tangents::{Tangents, push, push_tangents};
use crate::tape::Tape;
use crate::tape::entry::Entry;
use crate::tape::view::View;

/// Computes the tangents of the entry at `i` from those of its operands: what `send` in `reverse.rs` does, in the
/// other direction. An operand that wants no gradient has tangents of 0. Only the rules of costly ops check for such
/// operands; others multiply by the 0, which takes less time.
macro_rules! carry {
    (none, $rule:path, $imm:expr, $operands:ident, $entries:ident, $entry:ident, $tangents:ident, $i:ident, $view:ident, $code:expr) => {
        let _ = ($imm, $operands, $entries, $entry, $view);
        $tangents[$i] = Tangents::ZERO;
    };
    (costly, $rule:path, $imm:expr, $operands:ident, $entries:ident, $entry:ident, $tangents:ident, $i:ident, $view:ident, $code:expr) => {
        if const { is_derivative($code) } {
            return derivative($view, $entry, $tangents, $i);
        }
        let (imm, tangents) = ($imm, &mut *$tangents);
        out_of_line(move || {
            let mut sum = Tangents::ZERO;
            $rule(
                each($operands, 0.0, |x| primal($entries, x)),
                imm,
                $entry.value,
                |k| ($operands.len() == 1 || wants($entries, $operands[k])).then(|| tangent(tangents, $operands[k])),
                |_, part| sum = sum + part,
            );
            tangents[$i] = sum;
        });
    };
    ($cheap:ident, $rule:path, $imm:expr, $operands:ident, $entries:ident, $entry:ident, $tangents:ident, $i:ident, $view:ident, $code:expr) => {
        let (values, imm) = (each($operands, 0.0, |x| primal($entries, x)), $imm);
        let given = each($operands, Tangents::ZERO, |x| tangent($tangents, x));
        $tangents[$i] = push_tangents!($cheap, $rule, values, imm, $entry.value, given);
    };
}

/// The step at a costly op that mostly derivatives use. One function for all of them.
#[inline(never)]
fn derivative<const N: usize>(view: View<'_>, entry: Entry, tangents: &mut [Tangents<N>], i: usize) {
    let (operands, count, imm) = view.few(entry);
    let (mut values, mut given) = ([0.0; 3], [None; 3]);
    for k in 0..count {
        values[k] = primal(view.entries, operands[k]);
        given[k] = wants(view.entries, operands[k]).then(|| tangent(tangents, operands[k]));
    }
    tangents[i] = Tangents::ZERO + push(entry.op(), imm, &values[..count], entry.value, &given[..count]);
}

/// The tangent at `index`. Never out of bounds: see [`read`](super::read).
#[inline(always)]
fn tangent<const N: usize>(tangents: &[Tangents<N>], index: u32) -> Tangents<N> {
    tangents.get(index as usize).copied().unwrap_or(Tangents::ZERO)
}

macro_rules! define_tangents {
    (
        ops { $($(#[doc = $doc:literal])+ $vis:vis $Op:ident = $name:ident($x:ident $(, $y:ident)* $(; $($k:ident: $kind:ident),+)?) -> $r:ident, $cost:ident $form:ident $symbol:literal, $value:block, $bar:ident => [$($pull:expr),*];)+ }
        folds { $($(#[doc = $fdoc:literal])+ $Fo:ident = $fname:ident($($fx:ident),+) -> $fr:ident, $fform:ident $fsym:literal, least $least:literal, $fval:block, $emit:ident => $partials:block;)+ }
    ) => {
        /// Computes the tangents of one entry, one function for each row.
        mod step {
            use super::*;

            $(#[inline(always)]
            pub(super) fn $name<const N: usize>(view: View<'_>, entry: Entry, tangents: &mut [Tangents<N>], i: usize) {
                let (entries, operands) = (view.entries, view.fixed::<{ count!($x $($y)*) }, { count!($($($k)+)?) }>(entry));
                carry!($cost, rule::$name, view.imm::<{ count!($x $($y)*) }, { count!($($($k)+)?) }>(entry), operands, entries, entry, tangents, i, view, codes::$Op);
            })+
        }

        /// Carries tangents forward from the leaves to every entry that `tangents` has room for. Overwrites the
        /// tangents of computed nodes. `args` is a buffer for the operands of an n-ary op.
        ///
        /// # Errors
        /// Those of external functions.
        #[inline(never)]
        pub(crate) fn tangents<const N: usize>(tape: &Tape, tangents: &mut [Tangents<N>], args: &RefCell<Vec<f64>>) -> Result<(), Error> {
            let view = tape.view().below(tangents.len());
            let entries = view.entries;
            let args = &mut *args.borrow_mut();
            for i in tape.sources() as usize..entries.len() {
                let entry = Entry::from(entries[i].get());
                // The common ops by comparisons, as in the reverse sweep.
                let code = entry.tag();
                if code <= codes::Sub {
                    if code == codes::Mul {
                        step::mul(view, entry, tangents, i);
                    } else if code == codes::Add {
                        step::add(view, entry, tangents, i);
                    } else {
                        step::sub(view, entry, tangents, i);
                    }
                    continue;
                }
                if code <= codes::CSub {
                    if code <= codes::AddC {
                        if code == codes::MulC {
                            step::mul_c(view, entry, tangents, i);
                        } else {
                            step::add_c(view, entry, tangents, i);
                        }
                    } else if code == codes::SubC {
                        step::sub_c(view, entry, tangents, i);
                    } else {
                        step::c_sub(view, entry, tangents, i);
                    }
                    continue;
                }
                if !entry.wants() {
                    tangents[i] = Tangents::ZERO;
                    continue;
                }
                match code {
                    $(codes::$Op => step::$name(view, entry, tangents, i),)+
                    $(codes::$Fo => {
                        let operands = view.list(entry);
                        args.clear();
                        args.extend(operands.iter().map(|x| primal(entries, x.get())));
                        let mut sum = Tangents::ZERO;
                        rule::$fname(&args, entry.value, |k, partial| sum = sum + tangent(tangents, operands[k].get()) * partial);
                        tangents[i] = sum;
                    })+
                    codes::External => external::tangents(tape, entry, i, tangents),
                    _ => {}
                }
            }
            tape.functions.outcome()
        }
    };
}
for_each_op!(define_tangents);
