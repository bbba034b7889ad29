//! From what was recorded to what runs: unrolls n-ary ops from left to right, and makes the constant of an op such as
//! `AddC` a value of its own. Each instruction is folded and shared as it is made, so what is simplified away never
//! stands in the list.

use std::collections::HashMap;

use wengert::room::{Grow, Room, collected, with_room};
use wengert::{Imm, Op};

use super::{Inst, Ir, MOST, Role, has_immediates};
use crate::error::Error;
use crate::options::Options;
use crate::passes::fold::{Fold, rule};
use crate::passes::share::{Known, Secret};
use crate::recording::{MOST_VALUES, NOTHING, Recording};
use crate::report::Pass;

/// Lowers a recording, and returns what `fold` and `share` did. O(its operands).
///
/// # Errors
/// [`Error::TooLarge`], [`Error::OutOfMemory`].
pub(crate) fn lower(recording: &Recording, options: &Options) -> Result<(Ir, Vec<Pass>), Error> {
    // The memory of a list that grows is a multiple of its own, so instructions are counted first.
    let of_calls: usize = recording.sites.iter().map(|site| site.inputs.max(1) as usize + 1).sum();
    let count = recording.inputs.len() + of_calls + recording.shapes().map(|(op, n)| count(op, n)).sum::<usize>();
    let room = count.min(MOST_VALUES);
    let mut lowering = Lowering {
        ir: Ir {
            insts: with_room(room)?,
            imms: Vec::new(),
            inputs: collected(recording.inputs.iter().copied())?,
            outputs: collected(recording.outputs.iter().copied())?,
            checks: collected(recording.checks.iter().copied())?,
            sites: collected(recording.sites.iter().cloned())?,
        },
        place_of: HashMap::default(),
        folds: options.fold,
        known: if options.share { Some(Known::new(room)?) } else { None },
        simplified: 0,
        folded_away: 0,
        shared: 0,
    };
    // The instruction that each value became.
    let mut now: Vec<u32> = with_room(recording.len())?;
    for k in 0..recording.inputs.len() as u32 {
        now.push(lowering.push(Inst::input(k))?);
    }
    let (mut few, mut many) = ([NOTHING; MOST], Vec::new());
    // The instruction of the last call.
    let mut call = NOTHING;
    for (op, imm, values) in recording.entries() {
        let operands = if values.len() <= MOST {
            few.iter_mut().zip(values).for_each(|(few, &x)| *few = now[x as usize]);
            &few[..values.len()]
        } else {
            many.clear();
            many.try_extend(values.iter().map(|&x| now[x as usize]))?;
            &many[..]
        };
        if op == Op::External {
            let [site, output] = imm.map(|number| number as u32);
            if output == 0 {
                call = lowering.call(site, operands)?;
            }
            now.push(lowering.push_with(op, Role::Output(output).imm(site), &[call])?);
            continue;
        }
        now.push(lowering.op(op, imm, operands)?);
    }
    let Lowering { mut ir, simplified, folded_away, shared, .. } = lowering;
    debug_assert_eq!(ir.insts.len() + folded_away + shared, count);
    ir.for_each_root(|value| *value = now[*value as usize]);
    let (unfolded, after) = (count - folded_away, ir.insts.len());
    let mut passes = Vec::new();
    if options.fold {
        passes.push(Pass { name: "fold", verb: "simplified", count: simplified, before: count, after: unfolded });
    }
    if options.share {
        passes.push(Pass { name: "share", verb: "shared", count: shared, before: unfolded, after });
    }
    Ok((ir, passes))
}

/// How many instructions an op of `n` operands becomes; of a call, an output alone.
fn count(op: Op, n: usize) -> usize {
    match op {
        Op::Sum | Op::Product | Op::Norm | Op::Dot => n + 1,
        Op::MaxOf | Op::MinOf => n - 1,
        Op::Mean => n + 3,
        Op::Logsumexp => 4 * n + 5,
        Op::AddC | Op::SubC | Op::MulC | Op::DivC | Op::CSub | Op::CDiv => 2,
        _ => 1,
    }
}

struct Lowering {
    /// What is made so far. Outputs and checks still name values of the recording.
    ir: Ir,
    /// Where among the immediates these bits are.
    place_of: HashMap<[u64; 2], u32, Secret>,
    folds: bool,
    /// If equal instructions are shared, those so far.
    known: Option<Known>,
    /// How many instructions became simpler, how many of those an earlier value, and how many are equal to another.
    simplified: usize,
    folded_away: usize,
    shared: usize,
}

impl Lowering {
    /// The value that an instruction computes: an earlier one, or that of the instruction, appended.
    fn push(&mut self, mut inst: Inst) -> Result<u32, Error> {
        if self.folds {
            // A result may fold again. The loop ends, since each rule makes the instruction simpler.
            let mut simpler = 0;
            while let Some(fold) = rule(&self.ir, &inst) {
                simpler = 1;
                match fold {
                    Fold::Becomes(better) => inst = better,
                    Fold::Is(value) => {
                        self.simplified += 1;
                        self.folded_away += 1;
                        return Ok(value);
                    }
                }
            }
            self.simplified += simpler;
        }
        if let Some(known) = &mut self.known
            && let Some(first) = known.first(&self.ir.insts, &inst)?
        {
            self.shared += 1;
            return Ok(first);
        }
        if self.ir.insts.len() == MOST_VALUES {
            return Err(Error::TooLarge { what: "more than 2^30 instructions" });
        }
        self.ir.insts.try_push(inst)?;
        Ok(self.ir.insts.len() as u32 - 1)
    }

    /// An instruction with immediates. Equal ones are kept once, so that equal instructions have equal words.
    fn push_with(&mut self, op: Op, imm: Imm, operands: &[u32]) -> Result<u32, Error> {
        let mut inst = Inst::reading(op, imm, operands);
        debug_assert!(has_immediates(op) && operands.len() < MOST);
        let imms = &mut self.ir.imms;
        imms.room(1)?;
        self.place_of.room(1)?;
        inst.words[MOST - 1] = *self.place_of.entry(imm.map(f64::to_bits)).or_insert_with(|| {
            imms.push(imm);
            imms.len() as u32 - 1
        });
        self.push(inst)
    }

    fn op(&mut self, op: Op, imm: Imm, x: &[u32]) -> Result<u32, Error> {
        match op {
            Op::Const => self.push(Inst::constant(imm[0])),
            Op::Sum => self.chain(0.0, Op::Add, x),
            Op::Product => self.chain(1.0, Op::Mul, x),
            Op::Norm => self.chain(0.0, Op::Hypot, x),
            Op::MaxOf => self.chain_from(x[0], Op::Max, &x[1..]),
            Op::MinOf => self.chain_from(x[0], Op::Min, &x[1..]),
            Op::Mean => {
                let sum = self.chain(0.0, Op::Add, x)?;
                let count = self.push(Inst::constant(x.len() as f64))?;
                self.push(Inst::new(Op::Div, &[sum, count]))
            }
            Op::Dot => {
                let (xs, ys) = x.split_at(x.len() / 2);
                let mut sum = self.push(Inst::constant(0.0))?;
                for (&x, &y) in xs.iter().zip(ys) {
                    let product = self.push(Inst::new(Op::Mul, &[x, y]))?;
                    sum = self.push(Inst::new(Op::Add, &[sum, product]))?;
                }
                Ok(sum)
            }
            Op::Logsumexp => self.logsumexp(x),
            // The second operand is for derivatives alone.
            Op::Unit => self.push(Inst::new(Op::Gdiv, &[x[0], x[2]])),
            Op::AddC => self.beside(Op::Add, x[0], imm[0]),
            Op::SubC => self.beside(Op::Sub, x[0], imm[0]),
            Op::MulC => self.beside(Op::Mul, x[0], imm[0]),
            Op::DivC => self.beside(Op::Div, x[0], imm[0]),
            Op::CSub => self.after(Op::Sub, imm[0], x[0]),
            Op::CDiv => self.after(Op::Div, imm[0], x[0]),
            _ if has_immediates(op) => self.push_with(op, imm, x),
            _ => self.push(Inst::new(op, x)),
        }
    }

    /// A call of a user's function: see [`Role`].
    fn call(&mut self, site: u32, x: &[u32]) -> Result<u32, Error> {
        let mut last = None;
        for (k, &x) in (0..).zip(x) {
            let before = last.unwrap_or(x);
            last = Some(self.push_with(Op::External, Role::Input(k).imm(site), &[x, before])?);
        }
        let last = match last {
            Some(last) => last,
            None => self.push(Inst::constant(0.0))?,
        };
        self.push_with(Op::External, Role::Call.imm(site), &[last])
    }

    /// The op of a value and a constant. The constant becomes a value, so that it folds and is shared.
    fn beside(&mut self, op: Op, x: u32, c: f64) -> Result<u32, Error> {
        let c = self.push(Inst::constant(c))?;
        self.push(Inst::new(op, &[x, c]))
    }

    /// The op of a constant and a value.
    fn after(&mut self, op: Op, c: f64, x: u32) -> Result<u32, Error> {
        let c = self.push(Inst::constant(c))?;
        self.push(Inst::new(op, &[c, x]))
    }

    /// Folds the op over the operands, starting from a constant.
    fn chain(&mut self, start: f64, op: Op, x: &[u32]) -> Result<u32, Error> {
        let start = self.push(Inst::constant(start))?;
        self.chain_from(start, op, x)
    }

    fn chain_from(&mut self, start: u32, op: Op, x: &[u32]) -> Result<u32, Error> {
        x.iter().try_fold(start, |fold, &x| self.push(Inst::new(op, &[fold, x])))
    }

    /// The largest operand plus the logarithm of the sum of `e^(x - largest)`; the largest itself if it
    /// is not finite, that is, if its difference from itself is not 0.
    fn logsumexp(&mut self, x: &[u32]) -> Result<u32, Error> {
        let top = self.chain_from(x[0], Op::Max, &x[1..])?;
        let zero = self.push(Inst::constant(0.0))?;
        let mut sum = zero;
        for &x in x {
            let above = self.push(Inst::new(Op::Sub, &[x, top]))?;
            let share = self.push(Inst::new(Op::Exp, &[above]))?;
            sum = self.push(Inst::new(Op::Add, &[sum, share]))?;
        }
        let log = self.push(Inst::new(Op::Ln, &[sum]))?;
        let total = self.push(Inst::new(Op::Add, &[top, log]))?;
        let difference = self.push(Inst::new(Op::Sub, &[top, top]))?;
        let finite = self.push(Inst::new(Op::Eq, &[difference, zero]))?;
        self.push(Inst::new(Op::Select, &[finite, total, top]))
    }
}
