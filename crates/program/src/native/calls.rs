//! Calls of kernels, with the steps that are joined to them, and of scalar functions; and the detour of powers that
//! exact operations do not reach.

use super::emit::{Emitter, Formula, S, T, formula};
use super::encode::{Base, Jump, MUL, Place, UPPER, Xmm};
use super::pack::{Four, Kind, four};
use super::registers::{REGISTERS, offset};
use super::shims;
use crate::lanes::{CalledFn, called};
use crate::opcode::Opcode;

/// A power beyond the reach of exact operations: two jumps lead to it, and it goes back.
pub(super) struct Slow {
    pub(super) from: [Jump; 2],
    pub(super) back: usize,
    pub(super) call: u32,
    pub(super) x: Xmm,
    pub(super) out: Xmm,
}

impl Emitter<'_> {
    /// Calls of the same kernel, or of scalar functions, none of which needs another.
    pub(super) fn calls(&mut self, group: &[u32]) {
        let first = self.packed.nodes[group[0] as usize];
        if first.kind == Kind::Step(Opcode::Scalar) {
            self.scalars(group);
        } else {
            self.kernels(group, first.aux);
        }
    }

    fn kernels(&mut self, group: &[u32], kernel: u32) {
        if group.len() <= 4 {
            return self.few(group, kernel);
        }
        let count = group.len() as u32;
        let lanes = count.next_multiple_of(4);
        let slot = self.registers.block(group, lanes);
        for lane in (0..lanes).step_by(4) {
            // Lanes without a call of their own repeat the last.
            self.operands([0, 1, 2, 3].map(|k| group[(lane + k).min(count - 1) as usize]));
            self.code.store_four(S, Base::Frame, offset(slot + lane));
        }
        for &call in group {
            self.registers.consume(self.packed.reads(call));
        }
        self.registers.spill_all(&mut self.code);
        let function = called(kernel).many;
        self.code.call(function as usize, offset(slot), lanes, 0);
        self.registers.end_calls(group);
    }

    /// A kernel at up to four numbers, by register.
    fn few(&mut self, group: &[u32], kernel: u32) {
        let first = Xmm(0);
        let alone = match *group {
            [call] => Some(self.registers.current(self.packed.nodes[call as usize].operands()[0])),
            _ => {
                // Lanes without a call of their own repeat the last.
                self.operands([0, 1, 2, 3].map(|k: usize| group[k.min(group.len() - 1)]));
                None
            }
        };
        for &call in group {
            self.registers.consume(self.packed.reads(call));
        }
        self.registers.spill_all(&mut self.code);
        let function = match alone {
            Some(x) => {
                self.code.load(first, x);
                called(kernel).one as usize
            }
            None => {
                self.code.load_four(first, S.into());
                called(kernel).four as usize
            }
        };
        self.code.call_with_context(function);
        // All registers are free after a call, so that results get the first ones.
        let out: Vec<Xmm> = group.iter().map(|&call| self.registers.result(call, &mut self.code)).collect();
        assert!(out.iter().zip(0..).all(|(out, k)| *out == Xmm(k)), "{out:?}");
        if let [_, second, ref rest @ ..] = out[..] {
            self.code.three(UPPER, second, first, first.into());
            if let [third, ref rest @ ..] = rest[..] {
                self.code.high_pair(third, first);
                if let [fourth] = rest[..] {
                    self.code.three(UPPER, fourth, third, third.into());
                }
            }
            self.code.clear_high_lanes();
        }
        self.registers.end_results(group);
    }

    /// What four calls of a kernel compute it at, in the first scratch register.
    fn operands(&mut self, calls: [u32; 4]) {
        let nodes = &self.packed.nodes;
        let x = calls.map(|call| nodes[call as usize].operands()[0]);
        let step = nodes[x[0] as usize];
        let (true, Kind::Step(opcode)) = (step.joined, step.kind) else {
            self.code.gather(x.map(|x| self.registers.current(x)), S, [S, T]);
            return;
        };
        // It gathers at most one operand, and for that needs the second scratch register.
        let free = self.registers.vacate(&mut self.code);
        let [x, y, z] = [0, 1, 2].map(|k| (k < step.operands().len()).then(|| four(nodes, calls, k)));
        let [x, y] = [x, y].map(|operand| operand.expect("formulas have two operands or three"));
        match (formula(opcode).expect("only formulas are joined"), z) {
            (Formula::Two(op), _) => {
                self.four_in(S, x);
                let y = self.four(free, y);
                self.code.three_by_four(op, S, S, y);
            }
            (Formula::Fused(op), Some(z)) => {
                // The factor that is not gathered is in the second scratch register.
                let (x, y) = if matches!(y, Four::Any(_)) { (y, x) } else { (x, y) };
                self.four_in(S, z);
                self.four_in(free, x);
                let y = self.four(T, y);
                self.code.three_by_four(op, S, free, y);
            }
            (Formula::ProductFirst(op), Some(z)) => {
                self.product(x, y, free);
                let z = self.four(free, z);
                self.code.three_by_four(op, S, S, z);
            }
            (Formula::ProductLast(op), Some(z)) => {
                self.product(x, y, free);
                self.four_in(free, z);
                self.code.three_by_four(op, S, free, S.into());
            }
            (_, None) => unreachable!("a product and a sum have three operands"),
        }
    }

    /// Four products in the first scratch register.
    fn product(&mut self, x: Four, y: Four, free: Xmm) {
        self.four_in(S, x);
        let y = self.four(free, y);
        self.code.three_by_four(MUL, S, S, y);
    }

    /// Four operands in this register, or where they are in memory.
    fn four(&mut self, register: Xmm, operands: Four) -> Place {
        match operands {
            Four::One(x) => self.code.spread(register, self.registers.current(x)),
            Four::Inputs(k) => return Place::Memory(Base::Inputs, 8 * k as i32),
            Four::Any(x) => self.code.gather(x.map(|x| self.registers.current(x)), register, [register, T]),
        }
        register.into()
    }

    fn four_in(&mut self, register: Xmm, operands: Four) {
        let place = self.four(register, operands);
        self.code.load_four(register, place);
    }

    fn scalars(&mut self, group: &[u32]) {
        let mut slots = Vec::with_capacity(group.len());
        for &call in group {
            let slot = self.registers.block(&[call], 4);
            let node = self.packed.nodes[call as usize];
            for (&x, slot) in node.operands().iter().zip(slot..) {
                self.pass(x, slot);
            }
            self.registers.consume(node.operands());
            slots.push((node.aux, slot));
        }
        self.registers.spill_all(&mut self.code);
        let shim: CalledFn = shims::scalar;
        for (call, slot) in slots {
            self.code.call(shim as usize, offset(slot), call, 0);
        }
        self.registers.end_calls(group);
    }

    fn pass(&mut self, x: u32, slot: u32) {
        let register = match self.registers.current(x) {
            Place::Register(register) => register,
            memory => {
                self.code.load(T, memory);
                T
            }
        };
        self.code.store(register, Base::Frame, offset(slot));
    }

    /// The code for powers of huge and tiny numbers: a routine that keeps all registers around a call, and
    /// for each power the way there and back. Its operand and result are in the second scratch register.
    pub(super) fn slow(&mut self) {
        if self.slow.is_empty() {
            return;
        }
        let routine = self.code.here();
        let register = |k: usize| (Xmm(k as u8), offset(self.saved + k as u32));
        for (register, offset) in (0..REGISTERS).map(register) {
            self.code.store(register, Base::Frame, offset);
        }
        let operand = offset(self.saved + REGISTERS as u32);
        self.code.store(T, Base::Frame, operand);
        let shim: CalledFn = shims::scalar;
        self.code.align_stack();
        self.code.call_with_edx(shim as usize, operand);
        self.code.align_stack_back();
        self.code.load(T, Place::Memory(Base::Frame, operand));
        for (register, offset) in (0..REGISTERS).map(register) {
            self.code.load(register, Place::Memory(Base::Frame, offset));
        }
        self.code.ret();
        for Slow { from, back, call, x, out } in std::mem::take(&mut self.slow) {
            let here = self.code.here();
            from.into_iter().for_each(|jump| self.code.lead(jump, here));
            self.code.load(T, x.into());
            self.code.set_edx(call);
            let near = self.code.call_near();
            self.code.lead(near, routine);
            self.code.load(out, T.into());
            let jump = self.code.jump();
            self.code.lead(jump, back);
        }
    }
}
