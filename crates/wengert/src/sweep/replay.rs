//! The forward sweep that computes values anew from the leaves.

use super::primal;
use crate::code::codes;
use crate::op::{NO_IMM, count, for_each_op};
use crate::scalar::value;
use crate::tape::{Entry, Tape};

macro_rules! define_replay {
    (
        ops { $($(#[doc = $odoc:literal])+ $Op:ident = $oname:ident($ox:ident $(, $oy:ident)*) -> $or:ident, $ocost:ident $oform:ident $osym:literal, $oval:block, $obar:ident => [$($opull:expr),+];)+ }
        helpers { $($(#[doc = $hdoc:literal])+ $He:ident = $hname:ident($hx:ident $(, $hy:ident)* $(; $($hk:ident),+)?) -> $hr:ident, $hcost:ident $hform:ident $hsym:literal, $hval:block, $hbar:ident => [$($hpull:expr),+];)+ }
        stops { $($(#[doc = $sdoc:literal])+ $St:ident = $sname:ident($sx:ident $(, $sy:ident)*), $sform:ident $ssym:literal, $sval:block;)+ }
        folds { $($(#[doc = $fdoc:literal])+ $Fo:ident = $fname:ident($($fx:ident),+) -> $fr:ident, $fform:ident $fsym:literal, least $least:literal, $fval:block, $emit:ident => $partials:block;)+ }
    ) => {
        /// Recomputes every value from the leaves; `args` is room for the operands of an n-ary op.
        pub(crate) fn recompute(tape: &mut Tape, args: &mut Vec<f64>) {
            tape.settle();
            let view = tape.view();
            let entries = view.entries;
            for (i, cell) in entries.iter().enumerate().skip(tape.sources() as usize) {
                let entry = Entry::from(cell.get());
                let below = &entries[..i];
                let new = match entry.code() {
                    $(codes::$Op => {
                        let operands = view.fixed::<{ count!($ox $($oy)*) }, 0>(entry);
                        value::$oname(operands.map(|x| primal(below, x)), NO_IMM)
                    })+
                    $(codes::$He => {
                        let operands = view.fixed::<{ count!($hx $($hy)*) }, { count!($($($hk)+)?) }>(entry);
                        let imm = view.imm::<{ count!($hx $($hy)*) }, { count!($($($hk)+)?) }>(entry);
                        value::$hname(operands.map(|x| primal(below, x)), imm)
                    })+
                    $(codes::$St => {
                        let operands = view.fixed::<{ count!($sx $($sy)*) }, 0>(entry);
                        value::$sname(operands.map(|x| primal(below, x)), NO_IMM)
                    })+
                    $(codes::$Fo => {
                        args.clear();
                        args.extend(view.list(entry).iter().map(|x| primal(below, x.get())));
                        value::$fname(args)
                    })+
                    _ => continue,
                };
                cell.set(entry.with(new));
            }
        }
    };
}
for_each_op!(define_replay);
