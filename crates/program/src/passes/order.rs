//! Order: moves an instruction to right before its first user, where that leaves fewer values alive at a
//! time.
//!
//! The list is walked backwards. Once all users of a value are placed, the value may be placed right before
//! them, or stay where it was. Moving it frees its slot from there to its users, but takes the slot of each
//! operand that would otherwise have died earlier. So it moves if its operands take fewer slots than it
//! does. Linear in the size of the program.

use wengert::Op;
use wengert::room::{Grow, Refused, collected, filled, with_room, zeroed};

use crate::ir::Ir;
use crate::recording::NOTHING;

/// How many levels of operands may move with an instruction.
const CHAIN: usize = 4;

/// Reorders, and returns how many instructions moved. Keeps the old order unless the new one has fewer
/// values alive at a time.
pub(crate) fn order(ir: &mut Ir) -> Result<usize, Refused> {
    let uniform = ir.uniform()?;
    // What takes no slot: inputs are in the caller's memory, uniform values in cells.
    let free = collected(ir.insts.iter().zip(&uniform).map(|(inst, &uniform)| uniform || inst.op == Op::Leaf))?;
    let order = Ordering { ir, free: &free, left: ir.uses()?, used: zeroed::<bool>(ir.insts.len())? }.run()?;
    let moved = order.iter().enumerate().filter(|&(place, &k)| place != k as usize).count();
    if moved == 0 || pressure(ir, &free, order.iter().copied())? >= pressure(ir, &free, 0..ir.insts.len() as u32)? {
        return Ok(0);
    }
    permute(ir, &order)?;
    Ok(moved)
}

/// Puts the instructions into this order.
fn permute(ir: &mut Ir, order: &[u32]) -> Result<(), Refused> {
    let mut now = filled(NOTHING, order.len())?;
    for (place, &k) in (0..).zip(order) {
        now[k as usize] = place;
    }
    for inst in &mut ir.insts {
        inst.operands_mut().iter_mut().for_each(|x| *x = now[*x as usize]);
    }
    ir.for_each_root(|value| *value = now[*value as usize]);
    // Each swap brings one instruction to its place.
    for k in 0..order.len() {
        while now[k] != k as u32 {
            let place = now[k] as usize;
            ir.insts.swap(k, place);
            now.swap(k, place);
        }
    }
    Ok(())
}

struct Ordering<'a> {
    ir: &'a Ir,
    free: &'a [bool],
    /// How many users of each value are not placed yet. Outputs and guards are never placed, since they
    /// use a value right after it is computed.
    left: Vec<u32>,
    /// Whether a user is placed, so that the value is alive at this point of the walk.
    used: Vec<bool>,
}

impl Ordering<'_> {
    fn run(mut self) -> Result<Vec<u32>, Refused> {
        let count = self.ir.insts.len();
        let mut placed = zeroed::<bool>(count)?;
        let mut backwards: Vec<u32> = with_room(count)?;
        let mut ready: Vec<u32> = Vec::new();
        for last in (0..count as u32).rev() {
            if placed[last as usize] {
                continue;
            }
            ready.try_push(last)?;
            while let Some(k) = ready.pop() {
                if std::mem::replace(&mut placed[k as usize], true) {
                    continue;
                }
                backwards.push(k);
                let operands = self.ir.insts[k as usize].operands();
                for &x in operands {
                    self.left[x as usize] -= 1;
                    self.used[x as usize] = true;
                }
                for &x in operands {
                    if !placed[x as usize] && self.moves(x) {
                        ready.try_push(x)?;
                    }
                }
            }
        }
        backwards.reverse();
        Ok(backwards)
    }

    /// Whether placing the value here, where all its users are placed, frees a slot.
    fn moves(&self, k: u32) -> bool {
        self.left[k as usize] == 0 && !self.free[k as usize] && self.cost(k, CHAIN) < 1.0
    }

    /// How many slots the operands of `k` take if `k` is placed here. An operand that is alive here anyway takes none.
    /// One that can move here takes what its own operands do. One with other users counts in part (1 over the users not
    /// yet placed), since those may move here next.
    fn cost(&self, k: u32, chain: usize) -> f32 {
        let mut cost = 0.0;
        for &x in self.ir.insts[k as usize].operands() {
            cost += match self.left[x as usize] {
                _ if self.free[x as usize] || self.used[x as usize] => 0.0,
                1 if chain > 0 => self.cost(x, chain - 1).min(1.0),
                others => 1.0 / others as f32,
            };
            // More does not matter.
            if cost >= 1.0 {
                break;
            }
        }
        cost
    }
}

/// The most values alive at a time, in this order.
fn pressure(ir: &Ir, free: &[bool], order: impl Iterator<Item = u32> + Clone) -> Result<usize, Refused> {
    let mut last_use = filled(NOTHING, ir.insts.len())?;
    for (place, k) in order.clone().enumerate() {
        last_use[k as usize] = place as u32;
        ir.insts[k as usize].operands().iter().for_each(|&x| last_use[x as usize] = place as u32);
    }
    let (mut alive, mut most) = (0, 0);
    for (place, k) in order.enumerate() {
        let inst = &ir.insts[k as usize];
        let dies = |x: u32| !free[x as usize] && last_use[x as usize] == place as u32;
        let operands = inst.operands();
        // An operand that is given twice dies once.
        let ends = (0..operands.len()).filter(|&j| dies(operands[j]) && !operands[..j].contains(&operands[j])).count();
        alive -= ends;
        alive += usize::from(!free[k as usize]);
        most = most.max(alive);
        alive -= usize::from(dies(k));
    }
    Ok(most)
}
