//! Pairs: moves functions of the same value that one kernel computes together, such as sine and cosine, next to each other,
//! where the interpreter finds them. Linear in the size of the program.

use wengert::room::{Refused, filled, with_room};

use super::order::permute;
use crate::ir::{Facts, Ir};
use crate::lanes::Unary;
use crate::opcode::{Implementation, implementation};
use crate::recording::NOTHING;

/// Reorders, and returns how many instructions moved: each to right after its partner.
pub(crate) fn pairs(ir: &mut Ir, facts: &mut Facts) -> Result<usize, Refused> {
    let count = ir.insts.len();
    let mut lone: Vec<u32> = filled(NOTHING, count)?;
    let mut follower: Vec<u32> = filled(NOTHING, count)?;
    let mut moved = 0;
    for k in 0..count as u32 {
        let Some(kernel) = kernel(ir, k).filter(|kernel| kernel.has_partner()) else { continue };
        let first = &mut lone[ir.insts[k as usize].operands()[0] as usize];
        if *first != NOTHING && self::kernel(ir, *first).is_some_and(|other| kernel.goes_with(other)) {
            follower[*first as usize] = k;
            *first = NOTHING;
            moved += 1;
        } else {
            *first = k;
        }
    }
    if moved == 0 {
        return Ok(0);
    }
    let mut order: Vec<u32> = with_room(count)?;
    let mut follows: Vec<bool> = filled(false, count)?;
    for k in 0..count {
        if follows[k] {
            continue;
        }
        order.push(k as u32);
        if follower[k] != NOTHING {
            follows[follower[k] as usize] = true;
            order.push(follower[k]);
        }
    }
    permute(ir, facts, &order)?;
    Ok(moved)
}

/// The kernel that computes a value, if one does.
fn kernel(ir: &Ir, k: u32) -> Option<Unary> {
    let inst = &ir.insts[k as usize];
    match implementation(inst.op, ir.imm(inst)) {
        Implementation::Kernel(kernel) => Some(kernel),
        _ => None,
    }
}
