//! The forward sweep that recomputes values from the leaves.

use alloc::vec::Vec;

use super::{external, primal};
use crate::array::each;
use crate::error::Error;
use crate::op::{codes, count, for_each_op};
use crate::scalar::value;
use crate::tape::Tape;
use crate::tape::entry::Entry;

macro_rules! define_replay {
    (
        ops { $($(#[doc = $doc:literal])+ $vis:vis $Op:ident = $name:ident($x:ident $(, $y:ident)* $(; $($k:ident: $kind:ident),+)?) -> $r:ident, $cost:ident $form:ident $symbol:literal, $value:block, $bar:ident => [$($pull:expr),*];)+ }
        folds { $($(#[doc = $fdoc:literal])+ $Fo:ident = $fname:ident($($fx:ident),+) -> $fr:ident, $fform:ident $fsym:literal, least $least:literal, $fval:block, $emit:ident => $partials:block;)+ }
    ) => {
        /// Recomputes every value from `start` on. `args` is a buffer for the operands of an n-ary op.
        ///
        /// # Errors
        /// Those of external functions. Values are computed up to there.
        pub(crate) fn recompute(tape: &mut Tape, start: u32, args: &mut Vec<f64>) -> Result<(), Error> {
            tape.consolidate();
            let view = tape.view();
            let entries = view.entries;
            for (i, cell) in entries.iter().enumerate().skip(tape.sources().max(start) as usize) {
                let entry = Entry::from(cell.get());
                let below = &entries[..i];
                let new = match entry.code() {
                    $(codes::$Op => {
                        let operands = view.fixed::<{ count!($x $($y)*) }, { count!($($($k)+)?) }>(entry);
                        let imm = view.imm::<{ count!($x $($y)*) }, { count!($($($k)+)?) }>(entry);
                        value::$name(each(operands, 0.0, |x| primal(below, x)), imm)
                    })+
                    $(codes::$Fo => {
                        args.clear();
                        args.extend(view.list(entry).iter().map(|x| primal(below, x.get())));
                        value::$fname(args)
                    })+
                    codes::External => {
                        external::replay(tape, entry, i, args)?;
                        continue;
                    }
                    _ => continue,
                };
                cell.set(entry.with(new));
            }
            Ok(())
        }
    };
}
for_each_op!(define_replay);
