//! Lays a program out: gives each value a place, and makes a step of each instruction.

use std::collections::HashMap;
use std::sync::Arc;

use wengert::Op;
use wengert::room::{Grow, Refused, Room, collected, filled, with_room, zeroed};

use super::slots::Slots;
use super::{Layout, SitePlaces, Step};
use crate::error::Error;
use crate::ir::{Inst, Ir, Role};
use crate::opcode::{Implementation, Opcode, implementation};
use crate::options::{Options, Spread};
use crate::passes::fuse::{Pairs, pairs};
use crate::passes::share::Secret;
use crate::recording::{NOTHING, Site};

/// Where a value lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Nowhere,
    Input(u32),
    Cell(u32),
    Slot(u32),
}

/// A step whose operands and result are values, not yet places. It has the size of a [`Step`], so that steps take the memory
/// of their drafts.
struct Draft {
    opcode: Opcode,
    aux: u32,
    out: u32,
    operands: [u32; 3],
}

const _: () = assert!(size_of::<Draft>() == size_of::<Step>() && align_of::<Draft>() == align_of::<Step>());

/// Lays a program out, and checks the result.
///
/// # Errors
/// [`Error::Unsound`], [`Error::OutOfMemory`].
pub(crate) fn assemble(ir: &Ir, options: &Options) -> Result<Layout, Error> {
    let uniform = ir.uniform()?;
    let pairs = if options.pair { pairs(ir, &uniform)? } else { Pairs::none(ir)? };
    let mut assembler = Assembler {
        ir,
        uniform: &uniform,
        number: Vec::new(),
        last_use: Vec::new(),
        constant_cells: HashMap::default(),
        cells: Slots::default(),
        layout: Layout {
            inputs: ir.inputs.len() as u32,
            per_point_inputs: per_point_inputs(ir)?,
            paired: pairs.count(),
            sites: sites(ir),
            ..Layout::default()
        },
    };
    let (prologue, body) = assembler.draft(&pairs, options)?;
    drop(pairs);
    assembler.number = filled(NOTHING, ir.insts.len())?;
    assembler.last_use = zeroed::<u32>(ir.insts.len())?;
    assembler.place_inputs()?;
    let prologue = assembler.place(prologue, options.reuse, true, &body)?;
    let body = assembler.place(body, options.reuse, false, &[])?;
    let mut layout = assembler.layout;
    layout.cells = assembler.cells.count();
    layout.prologue = prologue;
    layout.body = body;
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

/// Whether an instruction has a step of its own.
fn has_step(inst: &Inst, paired: bool) -> bool {
    !paired && !matches!(inst.op, Op::Leaf | Op::Const)
}

struct Assembler<'a> {
    ir: &'a Ir,
    uniform: &'a [bool],
    /// The number of the place of each value: of an input, if it is one with a number for each point; of a cell, if the
    /// value is uniform; else of a slot. [`NOTHING`] before it has a place.
    number: Vec<u32>,
    last_use: Vec<u32>,
    constant_cells: HashMap<u64, u32, Secret>,
    cells: Slots,
    layout: Layout,
}

impl Assembler<'_> {
    /// The drafts of the steps of the prologue and of the body.
    fn draft(&mut self, pairs: &Pairs, options: &Options) -> Result<(Vec<Draft>, Vec<Draft>), Refused> {
        let exits = self.exits()?;
        let mut steps = [exits.len(), 0];
        for (k, &uniform) in self.uniform.iter().enumerate() {
            steps[usize::from(uniform)] += usize::from(has_step(&self.ir.insts[k], pairs.taken[k]));
        }
        let (mut prologue, mut body) = (with_room(steps[1])?, with_room(steps[0])?);
        let mut exits = exits.into_iter().peekable();
        for (k, inst) in self.ir.insts.iter().enumerate() {
            let value = k as u32;
            if has_step(inst, pairs.taken[k]) {
                let draft = match pairs.product_of[k] {
                    NOTHING => self.single(value)?,
                    product => self.pair(value, product, options.fuse),
                };
                if self.uniform[k] { &mut prologue } else { &mut body }.try_push(draft)?;
            }
            while let Some((_, is_check, number)) = exits.next_if(|&(at, ..)| at == value) {
                let draft = if is_check { self.check(number) } else { self.output(number, pairs) };
                let checks_once = is_check && draft.reads().all(|x| self.uniform[x as usize]);
                if checks_once { &mut prologue } else { &mut body }.try_push(draft)?;
            }
        }
        Ok((prologue, body))
    }

    /// The outputs and checks, sorted by the last value that each needs: the value, whether it is a check, and its number.
    /// At a value, outputs come before checks.
    fn exits(&mut self) -> Result<Vec<(u32, bool, u32)>, Refused> {
        self.layout.outlets.room(self.ir.outputs.len())?;
        for (k, outlet) in (0..).zip(&self.ir.outputs) {
            let sums = &mut self.layout.sums;
            let number = if outlet.spread == Spread::Uniform { std::mem::replace(sums, *sums + 1) } else { k };
            self.layout.outlets.push((outlet.spread, number));
        }
        let outputs = (0..).zip(&self.ir.outputs).map(|(k, outlet)| (outlet.value, false, k));
        let checks = (0..).zip(&self.ir.checks).map(|(k, check)| (check.left.max(check.right), true, k));
        let mut exits = with_room(self.ir.outputs.len() + self.ir.checks.len())?;
        exits.extend(outputs.chain(checks));
        exits.sort_unstable();
        Ok(exits)
    }

    fn output(&self, k: u32, pairs: &Pairs) -> Draft {
        let outlet = self.ir.outputs[k as usize];
        match outlet.spread {
            Spread::PerPoint => Draft::exit(Opcode::Store, k, [outlet.value, NOTHING]),
            Spread::Uniform if !pairs.by_output[k as usize] => Draft::exit(Opcode::Sum, k, [outlet.value; 2]),
            Spread::Uniform => {
                let product = &self.ir.insts[outlet.value as usize];
                let [x, y, _] = product.padded();
                Draft::exit(if product.op == Op::Mul { Opcode::SumMul } else { Opcode::SumGmul }, k, [x, y])
            }
        }
    }

    fn check(&self, k: u32) -> Draft {
        let check = &self.ir.checks[k as usize];
        Draft::exit(Opcode::Check, k, [check.left, check.right])
    }

    fn single(&mut self, value: u32) -> Result<Draft, Refused> {
        let inst = &self.ir.insts[value as usize];
        let mut draft = Draft { opcode: Opcode::Copy, aux: 0, out: value, operands: inst.padded() };
        let imm = self.ir.imm(inst);
        match implementation(inst.op, imm) {
            Implementation::Arm(opcode) => draft.opcode = opcode,
            Implementation::ArmWithConstant(opcode, _) => draft.opcode = opcode,
            Implementation::Times(_) => draft.opcode = Opcode::Mul,
            Implementation::Square => (draft.opcode, draft.operands[1]) = (Opcode::Mul, draft.operands[0]),
            Implementation::Kernel(kernel) => (draft.opcode, draft.aux) = (Opcode::Kernel, kernel as u32),
            Implementation::Scalar => draft.opcode = Opcode::Scalar,
        }
        if matches!(draft.opcode, Opcode::Scalar | Opcode::Power) {
            draft.aux = self.layout.calls.len() as u32;
            self.layout.calls.try_push((inst.op, imm))?;
        }
        Ok(draft)
    }

    /// The step of a sum and the product it is paired with.
    fn pair(&self, value: u32, product: u32, fuse: bool) -> Draft {
        let sum = &self.ir.insts[value as usize];
        let factors = &self.ir.insts[product as usize];
        let [x, y, _] = sum.padded();
        let other = if x == product { y } else { x };
        let opcode = match (factors.op, sum.op, fuse) {
            (Op::Mul, Op::Add, false) => Opcode::MulThenAdd,
            (Op::Mul, Op::Add, true) => Opcode::FusedMulAdd,
            (Op::Mul, _, false) if x == product => Opcode::MulThenSub,
            (Op::Mul, _, true) if x == product => Opcode::FusedMulSub,
            (Op::Mul, _, false) => Opcode::SubMul,
            (Op::Mul, _, true) => Opcode::FusedSubMul,
            (_, Op::Add, false) => Opcode::GmulThenAdd,
            (_, Op::Add, true) => Opcode::FusedGmulAdd,
            (_, _, false) if x == product => Opcode::GmulThenSub,
            (_, _, true) if x == product => Opcode::FusedGmulSub,
            (_, _, false) => Opcode::SubGmul,
            (_, _, true) => Opcode::FusedSubGmul,
        };
        // The interpreter expects a uniform factor first.
        let [x, y, _] = factors.padded();
        let [x, y] = if self.uniform[y as usize] { [y, x] } else { [x, y] };
        Draft { opcode, aux: 0, out: value, operands: [x, y, other] }
    }

    fn place_inputs(&mut self) -> Result<(), Refused> {
        for (k, inst) in self.ir.insts.iter().enumerate() {
            let Some(input) = inst.as_input() else { continue };
            self.number[k] = input;
            if self.uniform[k] {
                self.number[k] = self.cells.fresh();
                self.layout.uniform_inputs.try_push((self.number[k], input))?;
            }
        }
        Ok(())
    }

    /// Where a value lives.
    fn place_of(&self, x: u32) -> Place {
        let k = x as usize;
        match self.number.get(k) {
            None | Some(&NOTHING) => Place::Nowhere,
            Some(&cell) if self.uniform[k] => Place::Cell(cell),
            Some(&input) if self.ir.insts[k].op == Op::Leaf => Place::Input(input),
            Some(&slot) => Place::Slot(slot),
        }
    }

    /// A constant to pass as the last operand, after the values, if there is one.
    fn added_constant(&self, draft: &Draft) -> Option<f64> {
        let inst = self.ir.insts.get(draft.out as usize).filter(|inst| inst.op.immediates() > 0)?;
        match implementation(inst.op, self.ir.imm(inst)) {
            Implementation::ArmWithConstant(_, c) | Implementation::Times(c) => Some(c),
            _ => None,
        }
    }

    /// The cell of a constant.
    fn constant(&mut self, c: f64) -> Result<u32, Refused> {
        let (cells, constants) = (&mut self.cells, &mut self.layout.constants);
        constants.room(1)?;
        self.constant_cells.room(1)?;
        Ok(*self.constant_cells.entry(c.to_bits()).or_insert_with(|| {
            let cell = cells.fresh();
            constants.push((cell, c));
            cell
        }))
    }

    /// Makes the steps of the prologue, or of the body, and gives each result a place: by liveness if
    /// `reuse`. What the `later` steps read of the uniform values keeps its place.
    fn place(
        &mut self,
        drafts: Vec<Draft>,
        reuse: bool,
        prologue: bool,
        later: &[Draft],
    ) -> Result<Vec<Step>, Refused> {
        // Constants are set once for all calls, so their cells are never reused.
        for draft in &drafts {
            for x in draft.reads() {
                if self.number[x as usize] == NOTHING
                    && let Some(c) = self.ir.insts[x as usize].as_constant()
                {
                    self.number[x as usize] = self.constant(c)?;
                }
            }
            if let Some(c) = self.added_constant(draft) {
                self.constant(c)?;
            }
        }
        for (at, draft) in drafts.iter().enumerate() {
            for x in draft.reads().chain(draft.result()) {
                self.last_use[x as usize] = at as u32;
            }
        }
        for x in later.iter().flat_map(|draft| draft.operands).filter(|&x| x != NOTHING) {
            if self.uniform[x as usize] {
                self.last_use[x as usize] = u32::MAX;
            }
        }
        // Slots are numbered after the cells, so all cells must exist before the first slot is numbered.
        let (inputs, cells) = (self.layout.inputs, self.cells.count());
        let mut slots = if prologue { std::mem::take(&mut self.cells) } else { Slots::default() };
        let step = |(at, draft): (usize, Draft)| {
            let mut operands = draft.operands.map(|x| self.place_of(x));
            if let Some(c) = self.added_constant(&draft) {
                let free = operands.iter().position(|&place| place == Place::Nowhere);
                operands[free.expect("an op with an added constant has at most two other operands")] =
                    Place::Cell(self.constant(c)?);
            }
            let mut given = [NOTHING; 3];
            for (k, &x) in draft.operands.iter().enumerate() {
                let over = x != NOTHING && self.last_use[x as usize] == at as u32 && !given.contains(&x);
                if reuse && over && self.is_computed(x) {
                    given[k] = x;
                    if self.uniform[x as usize] == prologue {
                        slots.give(self.number[x as usize])?;
                    }
                }
            }
            let role = self.role(&draft);
            let mut out = Place::Nowhere;
            if let Some((site, Role::Call)) = role {
                let outputs = self.layout.sites[site].outputs;
                let first = slots.fresh_row(outputs);
                self.layout.sites[site].first = inputs + if prologue { first } else { cells + first };
            }
            if let Some(result) = draft.result() {
                let slot = slots.take();
                out = if prologue { Place::Cell(slot) } else { Place::Slot(slot) };
                self.number[result as usize] = slot;
                // The call reads its inputs, although no operand says so.
                if matches!(role, Some((_, Role::Input(_)))) {
                    self.last_use[result as usize] = u32::MAX;
                }
                if reuse && self.last_use[result as usize] == at as u32 {
                    slots.give(slot)?;
                }
            }
            let index = |place: Place| match place {
                Place::Nowhere => 0,
                Place::Input(k) => k,
                Place::Cell(k) => inputs + k,
                Place::Slot(k) => inputs + cells + k,
            };
            if let Some((site, Role::Input(k))) = role {
                self.layout.sites[site].inputs[k as usize] = index(out);
            }
            let cell = |k: usize| u8::from(matches!(operands[k], Place::Cell(_))) << k;
            Ok(Step {
                opcode: draft.opcode,
                cells: cell(0) | cell(1) | cell(2),
                hot: draft.opcode.hot_bit(),
                out: index(out),
                a: index(operands[0]),
                b: index(operands[1]),
                c: index(operands[2]),
                aux: draft.aux,
            })
        };
        let placed = drafts.into_iter().enumerate().map(step).collect::<Result<Vec<Step>, Refused>>()?;
        match prologue {
            true => self.cells = slots,
            false => self.layout.slots = slots.count(),
        }
        Ok(placed)
    }

    /// What a step does in a call of a user's function.
    fn role(&self, draft: &Draft) -> Option<(usize, Role)> {
        match (draft.opcode, self.layout.calls.get(draft.aux as usize)) {
            (Opcode::Scalar, Some(&(Op::External, imm))) => Some(Role::of(imm)),
            _ => None,
        }
    }

    fn is_computed(&self, x: u32) -> bool {
        !matches!(self.ir.insts[x as usize].op, Op::Leaf | Op::Const)
    }
}

impl Draft {
    fn exit(opcode: Opcode, aux: u32, [x, y]: [u32; 2]) -> Draft {
        Draft { opcode, aux, out: NOTHING, operands: [x, y, NOTHING] }
    }

    /// The values that it reads.
    fn reads(&self) -> impl Iterator<Item = u32> + use<> {
        self.operands.into_iter().filter(|&x| x != NOTHING)
    }

    /// The value that it computes, if it is not an exit.
    fn result(&self) -> Option<u32> {
        (self.out != NOTHING).then_some(self.out)
    }
}
