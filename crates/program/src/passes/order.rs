//! Order: moves an instruction to right before its first user, where that leaves fewer values alive at a
//! time.
//!
//! The list is walked backwards. Once all users of a value are placed, the value may be placed right before
//! them, or stay where it was. Moving it frees its slot from there to its users, but takes the slot of each
//! operand that would otherwise have died earlier. So it moves if its operands take fewer slots than it
//! does. Linear in the size of the program.

use wengert::Op;
use wengert::room::{Grow, Refused, collected, filled, with_room};

use crate::ir::{Facts, Inst, Ir};
use crate::recording::NOTHING;

/// How many levels of operands may move with an instruction.
const CHAIN: usize = 4;

/// Reorders, and returns how many instructions moved. Keeps the old order unless the new one has fewer
/// values alive at a time.
pub(crate) fn order(ir: &mut Ir, facts: &mut Facts) -> Result<usize, Refused> {
    let mut walk = Walk::new(ir, facts)?;
    (0..ir.insts.len()).rev().for_each(|k| walk.place(k, ir.insts[k].operands()));
    let before = walk.most;
    walk.begin(facts);
    let (order, after) = walk.run()?;
    let moved = order.iter().enumerate().filter(|&(place, &k)| place != k as usize).count();
    if moved == 0 || after >= before {
        return Ok(0);
    }
    permute(ir, facts, &order)?;
    Ok(moved)
}

/// Puts the instructions into this order.
pub(super) fn permute(ir: &mut Ir, facts: &mut Facts, order: &[u32]) -> Result<(), Refused> {
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
            facts.uniform.swap(k, place);
            facts.uses.swap(k, place);
            now.swap(k, place);
        }
    }
    Ok(())
}

/// A walk backwards that places instructions.
struct Walk<'a> {
    ir: &'a Ir,
    values: Vec<Value>,
    /// How many values are alive, and the most at a time.
    alive: usize,
    most: usize,
}

/// What is known of a value during a walk.
struct Value {
    /// How many users are not placed yet. Outputs and guards are never placed, since they use a value right after it is
    /// computed.
    left: u32,
    /// Whether it takes no slot: inputs are in the caller's memory, uniform values in cells.
    free: bool,
    /// Whether a user is placed, so that it is alive at this point of the walk.
    used: bool,
    placed: bool,
}

impl Walk<'_> {
    fn new<'a>(ir: &'a Ir, facts: &Facts) -> Result<Walk<'a>, Refused> {
        let value = |((inst, &uniform), &left): ((&Inst, &bool), &u32)| {
            let free = uniform || inst.op == Op::Leaf;
            Value { left, free, used: false, placed: false }
        };
        let values = collected(ir.insts.iter().zip(&facts.uniform).zip(&facts.uses).map(value))?;
        Ok(Walk { ir, values, alive: 0, most: 0 })
    }

    /// Begins anew.
    fn begin(&mut self, facts: &Facts) {
        (self.alive, self.most) = (0, 0);
        for (value, &left) in self.values.iter_mut().zip(&facts.uses) {
            (value.left, value.used) = (left, false);
        }
    }

    /// The order, and the most values alive at a time in it.
    fn run(mut self) -> Result<(Vec<u32>, usize), Refused> {
        let mut backwards: Vec<u32> = with_room(self.values.len())?;
        let mut ready: Vec<u32> = Vec::new();
        for last in (0..self.values.len()).rev() {
            if self.values[last].placed {
                continue;
            }
            let mut next = Some(last as u32);
            while let Some(k) = next {
                let value = &mut self.values[k as usize];
                if !std::mem::replace(&mut value.placed, true) {
                    backwards.push(k);
                    let operands = self.ir.insts[k as usize].operands();
                    self.place(k as usize, operands);
                    for &x in operands {
                        // The walk comes to the one before `last` next, whether it moves or not.
                        let is_next = x as usize + 1 == last && ready.is_empty();
                        if !is_next && self.moves(x) {
                            ready.try_push(x)?;
                        }
                    }
                }
                next = ready.pop();
            }
        }
        backwards.reverse();
        Ok((backwards, self.most))
    }

    /// Places a value with these operands before all that is placed.
    #[inline]
    fn place(&mut self, k: usize, operands: &[u32]) {
        let value = &self.values[k];
        // A value without users takes a slot while it is computed.
        self.alive += usize::from(!value.free && !value.used);
        self.most = self.most.max(self.alive);
        self.alive -= usize::from(!value.free);
        for &x in operands {
            let operand = &mut self.values[x as usize];
            operand.left -= 1;
            self.alive += usize::from(!operand.used && !operand.free);
            operand.used = true;
        }
    }

    /// Whether placing the value here, where all its users are placed, frees a slot.
    fn moves(&self, k: u32) -> bool {
        let value = &self.values[k as usize];
        value.left == 0 && !value.free && !value.placed && self.cost(k, CHAIN) < 1.0
    }

    /// How many slots the operands of `k` take if `k` is placed here. An operand that is alive here anyway takes none.
    /// One that can move here takes what its own operands do. One with other users counts in part (1 over the users not
    /// yet placed), since those may move here next.
    fn cost(&self, k: u32, chain: usize) -> f32 {
        let mut cost = 0.0;
        for &x in self.ir.insts[k as usize].operands() {
            let operand = &self.values[x as usize];
            cost += match operand.left {
                _ if operand.free || operand.used => 0.0,
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
