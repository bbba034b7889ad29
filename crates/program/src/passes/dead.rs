//! Dead: drops what neither an output nor a guard needs.

use wengert::room::{Refused, filled};

use crate::ir::{Facts, Ir};
use crate::recording::NOTHING;

/// Drops what nothing needs, and returns how many instructions it dropped.
pub(crate) fn dead(ir: &mut Ir, facts: &mut Facts) -> Result<usize, Refused> {
    let Facts { uniform, uses } = facts;
    let count = ir.insts.len();
    for k in (0..count).rev() {
        if uses[k] == 0 {
            ir.insts[k].operands().iter().for_each(|&x| uses[x as usize] -= 1);
        }
    }
    let Some(first) = uses.iter().position(|&uses| uses == 0) else { return Ok(0) };
    let mut now = filled(NOTHING, count)?;
    for (k, now) in (0..).zip(&mut now[..first]) {
        *now = k;
    }
    let mut kept = first;
    for k in first..count {
        if uses[k] > 0 {
            let mut inst = ir.insts[k];
            inst.operands_mut().iter_mut().for_each(|x| *x = now[*x as usize]);
            (ir.insts[kept], uniform[kept], uses[kept]) = (inst, uniform[k], uses[k]);
            now[k] = kept as u32;
            kept += 1;
        }
    }
    ir.insts.truncate(kept);
    uniform.truncate(kept);
    uses.truncate(kept);
    ir.for_each_root(|value| *value = now[*value as usize]);
    Ok(count - kept)
}
