//! Lays a program out: gives each value a place, and makes a step of each instruction.

use std::collections::HashMap;
use std::sync::Arc;

use wengert::room::{Grow, Refused, Room, collected, with_room, zeroed};
use wengert::{Imm, NO_IMM, Op};

use super::slots::Slots;
use super::{Layout, SitePlaces, Step};
use crate::error::Error;
use crate::ir::{Facts, Inst, Ir, Role};
use crate::opcode::{Implementation, Opcode, implementation};
use crate::options::{Options, Spread};
use crate::passes::fuse::pairs;
use crate::passes::share::Secret;
use crate::passes::together::are_together;
use crate::recording::{NOTHING, Outlet, Site};

/// Lays a program out, and checks the result.
///
/// # Errors
/// [`Error::Unsound`], [`Error::OutOfMemory`].
pub(crate) fn assemble(ir: &Ir, facts: Facts, options: &Options) -> Result<Layout, Error> {
    let Facts { uniform, uses } = facts;
    let count = ir.insts.len();
    let paired = if options.pair { pairs(ir, &uniform, &uses)? } else { zeroed::<bool>(count)? };
    let mut assembler = Assembler {
        ir,
        uniform: &uniform,
        paired: &paired,
        options,
        values: collected(uses.iter().map(|&left| Value { place: NOTHING, left }))?,
        constant_cells: HashMap::default(),
        free: Slots::default(),
        first: ir.inputs.len() as u32,
        slots_from: u32::MAX,
        made: Vec::new(),
        layout: Layout {
            inputs: ir.inputs.len() as u32,
            per_point_inputs: per_point_inputs(ir)?,
            paired: paired.iter().filter(|&&paired| paired).count(),
            sites: sites(ir),
            ..Layout::default()
        },
    };
    drop(uses);
    let exits = assembler.exits()?;
    let prologue = assembler.place_sources(&exits)?;
    let mut layout = assembler.steps(&exits, prologue)?;
    layout.streams = streams(&layout)?;
    layout.check(ir.checks.len())?;
    Ok(layout)
}

fn per_point_inputs(ir: &Ir) -> Result<Vec<u32>, Refused> {
    let spreads = (0..).zip(&ir.inputs);
    collected(spreads.filter(|(_, spread)| **spread == Spread::PerPoint).map(|(k, _)| k))
}

/// The calls of user's functions, before they have places.
fn sites(ir: &Ir) -> Vec<SitePlaces> {
    let mut offset = 0;
    let place = |site: &Site| {
        let (function, inputs) = (Arc::clone(&site.function), vec![0; site.inputs as usize]);
        let placed = SitePlaces { function, inputs, first: 0, outputs: site.outputs, checks: site.checks, offset };
        offset += placed.numbers();
        placed
    };
    ir.sites.iter().map(place).collect()
}

/// How many streams a processor prefetches by itself.
const PREFETCHED: usize = 12;

/// The inputs that the body reads, if there are too many for the processor to prefetch by itself.
fn streams(layout: &Layout) -> Result<Vec<u32>, Refused> {
    let mut read = zeroed::<bool>(layout.inputs as usize)?;
    for step in &layout.body {
        for place in [step.a, step.b, step.c] {
            // Unused operands are place 0; fetching one input too many does no harm.
            if let Some(read) = read.get_mut(place as usize) {
                *read = true;
            }
        }
    }
    let streams = collected((0..layout.inputs).filter(|&k| read[k as usize]))?;
    Ok(if streams.len() > PREFETCHED { streams } else { Vec::new() })
}

/// Something that leaves the program: an output, or a check.
#[derive(Clone, Copy)]
enum Exit {
    Output(u32),
    Check(u32),
}

struct Assembler<'a> {
    ir: &'a Ir,
    uniform: &'a [bool],
    /// Whether each value is a product that has no step of its own.
    paired: &'a [bool],
    options: &'a Options,
    values: Vec<Value>,
    constant_cells: HashMap<u64, u32, Secret>,
    /// The cells or slots for results, whichever the steps being made write to, and the place of the first of them.
    free: Slots,
    first: u32,
    /// The place of the first slot. Before the body, no place is one.
    slots_from: u32,
    /// The steps of the part that is being made.
    made: Vec<Step>,
    layout: Layout,
}

struct Value {
    /// Its place; [`NOTHING`] before it has one.
    place: u32,
    /// How often it will still be read; one more if no other value may take its place.
    left: u32,
}

impl Assembler<'_> {
    /// The outputs, each as its number, and the checks, each as its number plus the count of outputs, sorted by the last
    /// value that each needs. At a value, outputs come first.
    fn exits(&mut self) -> Result<Vec<u32>, Refused> {
        self.layout.outlets.room(self.ir.outputs.len())?;
        for (k, outlet) in (0..).zip(&self.ir.outputs) {
            let sums = &mut self.layout.sums;
            let number = if outlet.spread == Spread::Uniform { std::mem::replace(sums, *sums + 1) } else { k };
            self.layout.outlets.push((outlet.spread, number));
        }
        let mut exits = collected(0..(self.ir.outputs.len() + self.ir.checks.len()) as u32)?;
        exits.sort_unstable_by_key(|&exit| (self.after(self.exit(exit)), exit));
        Ok(exits)
    }

    fn exit(&self, number: u32) -> Exit {
        match number.checked_sub(self.ir.outputs.len() as u32) {
            None => Exit::Output(number),
            Some(check) => Exit::Check(check),
        }
    }

    /// The last value that it needs.
    fn after(&self, exit: Exit) -> u32 {
        match exit {
            Exit::Output(k) => self.ir.outputs[k as usize].value,
            Exit::Check(k) => self.ir.checks[k as usize].left.max(self.ir.checks[k as usize].right),
        }
    }

    /// Gives inputs and constants their places, and returns how many steps the prologue has.
    fn place_sources(&mut self, exits: &[u32]) -> Result<usize, Refused> {
        let mut prologue = exits.iter().filter(|&&exit| self.is_in_prologue(self.exit(exit))).count();
        for (k, inst) in self.ir.insts.iter().enumerate() {
            if let Some(input) = inst.as_input() {
                let mut place = input;
                if self.uniform[k] {
                    let cell = self.free.fresh();
                    place = self.layout.inputs + cell;
                    self.layout.uniform_inputs.try_push((cell, input))?;
                }
                self.values[k] = Value { place, left: self.values[k].left + 1 };
            } else if let Some(c) = inst.as_constant() {
                let left = self.values[k].left;
                if left > 0 {
                    self.values[k] = Value { place: self.place_constant(c)?, left: left + 1 };
                }
            } else {
                prologue += usize::from(self.uniform[k]);
                if let Some(c) = added_constant(inst.op, self.ir.imm(inst)) {
                    self.place_constant(c)?;
                }
            }
        }
        Ok(prologue)
    }

    /// The place of a constant. It is set once for all calls, so no other value takes it.
    fn place_constant(&mut self, c: f64) -> Result<u32, Refused> {
        let (cells, constants) = (&mut self.free, &mut self.layout.constants);
        constants.room(1)?;
        self.constant_cells.room(1)?;
        let cell = *self.constant_cells.entry(c.to_bits()).or_insert_with(|| {
            let cell = cells.fresh();
            constants.push((cell, c));
            cell
        });
        Ok(self.layout.inputs + cell)
    }

    fn is_in_prologue(&self, exit: Exit) -> bool {
        match exit {
            Exit::Output(_) => false,
            Exit::Check(k) => {
                let check = &self.ir.checks[k as usize];
                self.uniform[check.left as usize] && self.uniform[check.right as usize]
            }
        }
    }

    /// Makes the steps, of which `prologue` are in the prologue.
    fn steps(mut self, exits: &[u32], prologue: usize) -> Result<Layout, Refused> {
        // The place of a slot follows from the count of cells, so the prologue comes first.
        if prologue > 0 {
            self.made = with_room(prologue)?;
            self.part(exits, true)?;
            self.layout.prologue = std::mem::take(&mut self.made);
        }
        self.layout.cells = self.free.count();
        self.slots_from = self.layout.inputs + self.layout.cells;
        (self.first, self.free) = (self.slots_from, Slots::default());
        let computed = self.ir.insts.iter().filter(|inst| !matches!(inst.op, Op::Leaf | Op::Const)).count();
        self.made = with_room(computed - self.layout.paired + exits.len() - prologue)?;
        self.part(exits, false)?;
        self.layout.body = std::mem::take(&mut self.made);
        self.layout.slots = self.free.count();
        Ok(self.layout)
    }

    /// Makes the steps of the prologue, or of the body.
    fn part(&mut self, exits: &[u32], prologue: bool) -> Result<(), Refused> {
        let mut exits = exits.iter().copied();
        let mut next = exits.next().map(|exit| self.exit(exit));
        for (k, inst) in self.ir.insts.iter().enumerate() {
            if self.uniform[k] == prologue && !self.paired[k] && !matches!(inst.op, Op::Leaf | Op::Const) {
                self.compute(k as u32, inst)?;
            }
            // Between functions that one kernel computes comes nothing.
            if are_together(self.ir, k, k + 1) {
                continue;
            }
            while let Some(exit) = next
                && self.after(exit) <= k as u32
            {
                if self.is_in_prologue(exit) == prologue {
                    self.leave(exit)?;
                }
                next = exits.next().map(|exit| self.exit(exit));
            }
        }
        Ok(())
    }

    /// Makes the step of an instruction.
    #[inline]
    fn compute(&mut self, value: u32, inst: &Inst) -> Result<(), Refused> {
        if matches!(inst.op, Op::Add | Op::Sub) {
            let [x, y] = [inst.operands()[0], inst.operands()[1]];
            if let Some(product) = [x, y].into_iter().find(|&x| self.paired[x as usize]) {
                return self.pair(value, inst, product);
            }
        }
        let imm = self.ir.imm(inst);
        let [x, y, z] = inst.padded();
        let mut draft =
            Draft { opcode: Opcode::Copy, aux: 0, out: value, operands: [x, y, z], reads: inst.operands().len() };
        match implementation(inst.op, imm) {
            Implementation::Arm(opcode) | Implementation::ArmWithConstant(opcode, _) => draft.opcode = opcode,
            Implementation::Times(_) => draft.opcode = Opcode::Mul,
            Implementation::Square => (draft.opcode, draft.operands) = (Opcode::Mul, [x, x, NOTHING]),
            Implementation::Kernel(kernel) => (draft.opcode, draft.aux) = (Opcode::Kernel, kernel as u32),
            Implementation::Scalar => draft.opcode = Opcode::Scalar,
        }
        if matches!(draft.opcode, Opcode::Scalar | Opcode::Power) {
            draft.aux = self.layout.calls.len() as u32;
            self.layout.calls.try_push((inst.op, imm))?;
        }
        self.step(&draft, inst.op, imm)
    }

    /// Makes the step of a sum and the product it is paired with.
    fn pair(&mut self, value: u32, sum: &Inst, product: u32) -> Result<(), Refused> {
        let factors = &self.ir.insts[product as usize];
        let [x, y, _] = sum.padded();
        let (is_first, other) = (x == product, if x == product { y } else { x });
        let opcode = match (factors.op, sum.op, self.options.fuse) {
            (Op::Mul, Op::Add, false) => Opcode::MulThenAdd,
            (Op::Mul, Op::Add, true) => Opcode::FusedMulAdd,
            (Op::Mul, _, false) if is_first => Opcode::MulThenSub,
            (Op::Mul, _, true) if is_first => Opcode::FusedMulSub,
            (Op::Mul, _, false) => Opcode::SubMul,
            (Op::Mul, _, true) => Opcode::FusedSubMul,
            (_, Op::Add, false) => Opcode::GmulThenAdd,
            (_, Op::Add, true) => Opcode::FusedGmulAdd,
            (_, _, false) if is_first => Opcode::GmulThenSub,
            (_, _, true) if is_first => Opcode::FusedGmulSub,
            (_, _, false) => Opcode::SubGmul,
            (_, _, true) => Opcode::FusedSubGmul,
        };
        // The interpreter expects a uniform factor first.
        let [x, y, _] = factors.padded();
        let [x, y] = if self.uniform[y as usize] { [y, x] } else { [x, y] };
        self.step(&Draft { opcode, aux: 0, out: value, operands: [x, y, other], reads: 3 }, sum.op, NO_IMM)
    }

    /// Makes the step of an output or a check.
    fn leave(&mut self, exit: Exit) -> Result<(), Refused> {
        let (opcode, aux, operands, reads) = match exit {
            Exit::Check(k) => {
                let check = &self.ir.checks[k as usize];
                (Opcode::Check, k, [check.left, check.right, NOTHING], 2)
            }
            Exit::Output(k) => {
                let Outlet { value, spread } = self.ir.outputs[k as usize];
                let inst = &self.ir.insts[value as usize];
                match spread {
                    Spread::PerPoint => (Opcode::Store, k, [value, NOTHING, NOTHING], 1),
                    Spread::Uniform if !self.paired[value as usize] => (Opcode::Sum, k, [value, value, NOTHING], 1),
                    Spread::Uniform if inst.op == Op::Mul => (Opcode::SumMul, k, inst.padded(), 2),
                    Spread::Uniform => (Opcode::SumGmul, k, inst.padded(), 2),
                }
            }
        };
        // `Detach` is not a call, and has no constant added.
        self.step(&Draft { opcode, aux, out: NOTHING, operands, reads }, Op::Detach, NO_IMM)
    }

    /// Appends a step, which computes this op if it is a call of a function or has a constant added, and gives its result
    /// a place: with [`Options::reuse`] that of a value that nothing reads any more.
    #[inline]
    fn step(&mut self, draft: &Draft, op: Op, imm: Imm) -> Result<(), Refused> {
        let Draft { opcode, aux, operands, .. } = *draft;
        let mut places = operands.map(|x| self.values.get(x as usize).map_or(NOTHING, |value| value.place));
        if let Some(c) = added_constant(op, imm) {
            let free = places.iter().position(|&place| place == NOTHING);
            places[free.expect("an op with an added constant has at most two other operands")] =
                self.layout.inputs + self.constant_cells[&c.to_bits()];
        }
        let first = self.first;
        let read = &operands[..draft.reads];
        read.iter().for_each(|&x| self.values[x as usize].left -= 1);
        for &x in read {
            let value = &mut self.values[x as usize];
            // In the body, cells are read by the next group too.
            if value.left == 0 && self.options.reuse && value.place >= first {
                // An operand that is given twice dies once.
                value.left = 1;
                self.free.give(value.place - first)?;
            }
        }
        let role = (op == Op::External).then(|| Role::of(imm));
        if let Some((site, Role::Call)) = role {
            let site = &mut self.layout.sites[site];
            site.first = first + self.free.fresh_row(site.outputs);
        }
        let mut out = 0;
        if draft.out != NOTHING {
            let (result, slot) = (draft.out as usize, self.free.take());
            out = first + slot;
            let value = &mut self.values[result];
            value.place = out;
            if let Some((site, Role::Input(k))) = role {
                self.layout.sites[site].inputs[k as usize] = out;
                // The call reads its inputs, although no operand says so.
                value.left += 1;
            }
            if value.left == 0 && self.options.reuse {
                self.free.give(slot)?;
            }
        }
        let (inputs, slots_from) = (self.layout.inputs, self.slots_from);
        let cell = |k: usize| u8::from((inputs..slots_from).contains(&places[k])) << k;
        let cells = cell(0) | cell(1) | cell(2);
        // An operand that is not there has place 0.
        let [a, b, c] = places.map(|place| if place == NOTHING { 0 } else { place });
        self.made.try_push(Step { opcode, cells, hot: opcode.hot_bit(), out, a, b, c, aux })
    }
}

/// A constant to pass as the last operand, after the values, if there is one.
#[inline]
fn added_constant(op: Op, imm: Imm) -> Option<f64> {
    if op.immediates() == 0 {
        return None;
    }
    match implementation(op, imm) {
        Implementation::ArmWithConstant(_, c) | Implementation::Times(c) => Some(c),
        _ => None,
    }
}

/// A step whose operands and result are values, not yet places.
struct Draft {
    opcode: Opcode,
    aux: u32,
    /// The value that it computes; [`NOTHING`] if it is an exit.
    out: u32,
    operands: [u32; 3],
    /// How many of the operands it reads; one that is there twice for the opcode's sake counts once.
    reads: usize,
}
