//! Dead: drops what neither an output nor a guard needs.

use wengert::room::{Refused, collected, filled, with_room, zeroed};

use crate::ir::{Inst, Ir};
use crate::recording::NOTHING;

/// Drops what nothing needs, and returns how many instructions it dropped.
pub(crate) fn dead(ir: &mut Ir) -> Result<usize, Refused> {
    let mut needed = zeroed::<bool>(ir.insts.len())?;
    ir.for_each_root(|value| needed[*value as usize] = true);
    for (k, inst) in ir.insts.iter().enumerate().rev() {
        if needed[k] {
            inst.operands().iter().for_each(|&x| needed[x as usize] = true);
        }
    }
    let before = ir.insts.len();
    let mut order: Vec<u32> = with_room(needed.iter().filter(|&&needed| needed).count())?;
    order.extend((0..before as u32).filter(|&k| needed[k as usize]));
    if order.len() < before {
        permute(ir, &order)?;
    }
    Ok(before - order.len())
}

/// Puts the instructions into this order, in which operands come before what uses them. Drops the ones
/// that `order` leaves out.
pub(crate) fn permute(ir: &mut Ir, order: &[u32]) -> Result<(), Refused> {
    let mut now = filled(NOTHING, ir.insts.len())?;
    let mut insts: Vec<Inst> = collected(order.iter().map(|&k| ir.insts[k as usize]))?;
    for ((place, inst), &k) in (0..).zip(&mut insts).zip(order) {
        now[k as usize] = place;
        inst.operands_mut().iter_mut().for_each(|x| *x = now[*x as usize]);
    }
    ir.insts = insts;
    ir.for_each_root(|value| *value = now[*value as usize]);
    Ok(())
}
