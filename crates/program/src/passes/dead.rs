//! Dead: drops what neither an output nor a guard needs.

use crate::ir::{Inst, Ir};
use crate::recording::NOTHING;

/// Drops what nothing needs, and returns how many instructions it dropped.
pub(crate) fn dead(ir: &mut Ir) -> usize {
    let mut needed = vec![false; ir.insts.len()];
    ir.for_each_root(|value| needed[*value as usize] = true);
    for (k, inst) in ir.insts.iter().enumerate().rev() {
        if needed[k] {
            inst.operands().iter().for_each(|&x| needed[x as usize] = true);
        }
    }
    let before = ir.insts.len();
    let order: Vec<u32> = (0..before as u32).filter(|&k| needed[k as usize]).collect();
    if order.len() < before {
        permute(ir, &order);
    }
    before - order.len()
}

/// Puts the instructions into this order, in which operands come before what uses them. Drops the ones
/// that `order` leaves out.
pub(crate) fn permute(ir: &mut Ir, order: &[u32]) {
    let mut now = vec![NOTHING; ir.insts.len()];
    let mut insts: Vec<Inst> = order.iter().map(|&k| ir.insts[k as usize]).collect();
    for ((place, inst), &k) in (0..).zip(&mut insts).zip(order) {
        now[k as usize] = place;
        inst.operands_mut().iter_mut().for_each(|x| *x = now[*x as usize]);
    }
    ir.insts = insts;
    ir.for_each_root(|value| *value = now[*value as usize]);
}
