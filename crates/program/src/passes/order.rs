//! Order: an instruction runs right before its first user where that leaves fewer values alive at
//! a time. Read `fuse.rs` next.
//!
//! The list is gone through backwards. Once all users of a value are placed, it may be placed
//! right before them or stay where it was. Moving it frees its place for the stretch between, and
//! occupies that of every operand which would otherwise have died earlier; so it moves if its
//! operands take less there than it did. Linear in the program.

use wengert::Op;

use super::dead::permute;
use crate::ir::Ir;
use crate::recording::NOTHING;

/// How long a chain of operands may move with an instruction.
const CHAIN: usize = 4;

/// Reorders, and says how many instructions moved. The order stays as it was if the new one would
/// have more values alive at a time.
pub(crate) fn order(ir: &mut Ir) -> usize {
    let uniform = ir.uniform();
    // What takes no slot: inputs are read where the caller has them, the others are cells.
    let free: Vec<bool> = ir
        .insts
        .iter()
        .zip(&uniform)
        .map(|(inst, &uniform)| uniform || inst.op == Op::Leaf)
        .collect();
    let mut ordering = Ordering {
        ir,
        free: &free,
        left: ir.uses(),
        used: vec![false; ir.insts.len()],
    };
    let order = ordering.run();
    let moved = order
        .iter()
        .enumerate()
        .filter(|&(place, &k)| place != k as usize)
        .count();
    if moved == 0 {
        return 0;
    }
    let before: Vec<u32> = (0..ir.insts.len() as u32).collect();
    if pressure(ir, &free, &order) >= pressure(ir, &free, &before) {
        return 0;
    }
    permute(ir, &order);
    moved
}

struct Ordering<'a> {
    ir: &'a Ir,
    free: &'a [bool],
    /// How many users of each value are not placed yet; outputs and guards never are, since they
    /// take a value as soon as it is there.
    left: Vec<u32>,
    /// Whether a user is placed, so that the value is alive where we are.
    used: Vec<bool>,
}

impl Ordering<'_> {
    fn run(&mut self) -> Vec<u32> {
        let count = self.ir.insts.len();
        let mut placed = vec![false; count];
        let mut backwards: Vec<u32> = Vec::with_capacity(count);
        let mut ready: Vec<u32> = Vec::new();
        for last in (0..count as u32).rev() {
            if placed[last as usize] {
                continue;
            }
            ready.push(last);
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
                        ready.push(x);
                    }
                }
            }
        }
        backwards.reverse();
        backwards
    }

    /// Whether placing the value here, where all its users are placed, frees a slot.
    fn moves(&self, k: u32) -> bool {
        self.left[k as usize] == 0 && !self.free[k as usize] && self.cost(k, CHAIN) < 1.0
    }

    /// How many slots it takes to have the operands of `k` here. One that is alive here anyway
    /// takes none, one that can move here takes what its own operands do, and one that others want
    /// too is shared with those, which may move here next.
    fn cost(&self, k: u32, chain: usize) -> f32 {
        let operand = |&x: &u32| match (self.free[x as usize] || self.used[x as usize], self.left[x as usize]) {
            (true, _) => 0.0,
            (false, 1) if chain > 0 => self.cost(x, chain - 1).min(1.0),
            (false, others) => 1.0 / others as f32,
        };
        self.ir.insts[k as usize].operands().iter().map(operand).sum()
    }
}

/// The most values alive at a time, in this order.
fn pressure(ir: &Ir, free: &[bool], order: &[u32]) -> usize {
    let mut last_use = vec![NOTHING; ir.insts.len()];
    for (place, &k) in order.iter().enumerate() {
        last_use[k as usize] = place as u32;
        ir.insts[k as usize]
            .operands()
            .iter()
            .for_each(|&x| last_use[x as usize] = place as u32);
    }
    let (mut alive, mut most) = (0, 0);
    for (place, &k) in order.iter().enumerate() {
        let inst = &ir.insts[k as usize];
        let dies = |x: u32| !free[x as usize] && last_use[x as usize] == place as u32;
        let operands = inst.operands();
        // An operand given twice dies once.
        let ends = (0..operands.len())
            .filter(|&j| dies(operands[j]) && !operands[..j].contains(&operands[j]))
            .count();
        alive -= ends;
        alive += usize::from(!free[k as usize]);
        most = most.max(alive);
        alive -= usize::from(dies(k));
    }
    most
}

#[cfg(test)]
mod tests {
    use wengert::Graph;

    use crate::{Options, Program};

    /// All terms first, then their sum: as generic code that collects terms records it.
    fn terms_then_sum(count: usize) -> (usize, usize) {
        let graph = Graph::new();
        let x = graph.leaf(0.5);
        let terms: Vec<_> = (0..count)
            .map(|k| {
                let factor = graph.constant(k as f64);
                graph.exp(graph.mul(graph.sin(x), factor))
            })
            .collect();
        let sum = graph.sum(&terms);
        let slots = |order: bool| {
            let options = Options::new().order(order);
            Program::compile(&graph, [x], [sum], &options).map_or(0, |program| program.report().slots)
        };
        (slots(false), slots(true))
    }

    #[test]
    fn terms_that_are_summed_later_are_computed_when_the_sum_wants_them() {
        let (before, after) = terms_then_sum(100);
        assert!(before >= 100 && after <= 4, "{before} {after}");
    }
}
