//! Dead: drops what neither an output nor a guard needs.

use wengert::room::{Refused, filled, zeroed};

use crate::ir::Ir;
use crate::recording::NOTHING;

/// Drops what nothing needs, and returns how many instructions it dropped.
pub(crate) fn dead(ir: &mut Ir) -> Result<usize, Refused> {
    let count = ir.insts.len();
    let mut needed = zeroed::<bool>(count)?;
    ir.for_each_root(|value| needed[*value as usize] = true);
    for (k, inst) in ir.insts.iter().enumerate().rev() {
        if needed[k] {
            inst.operands().iter().for_each(|&x| needed[x as usize] = true);
        }
    }
    let mut now = filled(NOTHING, count)?;
    let mut kept = 0;
    for k in (0..count).filter(|&k| needed[k]) {
        let mut inst = ir.insts[k];
        inst.operands_mut().iter_mut().for_each(|x| *x = now[*x as usize]);
        ir.insts[kept] = inst;
        now[k] = kept as u32;
        kept += 1;
    }
    ir.insts.truncate(kept);
    ir.for_each_root(|value| *value = now[*value as usize]);
    Ok(count - kept)
}
