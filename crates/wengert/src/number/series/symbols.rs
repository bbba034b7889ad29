//! The rule of an op, run once over symbols, gives how it acts on a series. Read
//! [`crate::number::series::recurrence`] first, which evaluates what comes out.
//!
//! [`Val`] stands for a value, [`Lin`] for what is sent through the rule, here `D x`. The partials
//! of the op are listed, and the ops these are made of, each again with its rule. What has been
//! listed is not listed again, so `sin` needs `cos`, which needs `sin`, and each costs O(`K^2`).

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::ops::{Add, Div, Mul, Neg, Sub};

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::number::series::arithmetic;
use crate::number::series::recurrence::{Args, Recurrence, Source, Step, Value};
use crate::op::{Imm, NO_IMM, Op};
use crate::scalar::{Cotangent, Scalar, operators_by_apply, rule, value};

impl Recurrence {
    /// The recurrence of `op` on as many operands, to as many orders.
    pub(crate) fn new(op: Op, imm: Imm, operands: usize, orders: usize) -> Recurrence {
        let trace = Trace::default();
        trace.orders.set(orders);
        let args: Vec<Val> = (0..operands).map(|_| trace.push(Source::Operand)).collect();
        trace.record(op, imm, &args);
        // First come, first served: what is listed first is needed to the highest order.
        loop {
            let Some(place) = trace.waiting.borrow_mut().pop_front() else {
                break;
            };
            trace.expand(place);
        }
        Recurrence {
            operands,
            ..trace.list.into_inner()
        }
    }
}

type Shape = (Op, [u64; 2], Args);

/// A list being made.
#[derive(Debug, Default)]
struct Trace {
    list: RefCell<Recurrence>,
    known: RefCell<FxHashMap<Shape, u32>>,
    numbers: RefCell<FxHashMap<u64, u32>>,
    waiting: RefCell<VecDeque<u32>>,
    /// To how many orders what is listed now is needed.
    orders: Cell<usize>,
}

impl Trace {
    fn push(&self, source: Source) -> Val<'_> {
        let values = &mut self.list.borrow_mut().values;
        let place = values.len() as u32;
        if let Source::Rule(..) = source {
            self.waiting.borrow_mut().push_back(place);
        }
        values.push(Value {
            source,
            orders: self.orders.get(),
            steps: 0..0,
            parts: 0..0,
        });
        Val::At(self, place)
    }

    fn place(&self, val: Val<'_>) -> u32 {
        match val {
            Val::At(_, place) => place,
            Val::Number(c) => {
                if let Some(&place) = self.numbers.borrow().get(&c.to_bits()) {
                    return place;
                }
                let place = self.place(self.push(Source::Number(c)));
                self.numbers.borrow_mut().insert(c.to_bits(), place);
                place
            }
        }
    }

    fn record<'t>(&'t self, op: Op, imm: Imm, args: &[Val<'t>]) -> Val<'t> {
        let args: Args = args.iter().map(|&x| self.place(x)).collect();
        let shape = (op, imm.map(f64::to_bits), args);
        if let Some(&place) = self.known.borrow().get(&shape) {
            return Val::At(self, place);
        }
        let args = &shape.2;
        let val = self.push(match args[..] {
            [a] if arithmetic(op) => Source::Arithmetic(op, a, a),
            [a, b] if arithmetic(op) => Source::Arithmetic(op, a, b),
            _ => Source::Rule(op, imm, args.clone()),
        });
        self.known.borrow_mut().insert(shape, self.place(val));
        val
    }

    /// Lists what the rule of a value needs.
    fn expand(&self, place: u32) {
        let (op, imm, args) = {
            let value = &self.list.borrow().values[place as usize];
            if value.orders <= 1 {
                return;
            }
            self.orders.set(value.orders - 1);
            match value.source {
                Source::Rule(op, imm, ref args) => (op, imm, args.clone()),
                _ => return,
            }
        };
        let vals: SmallVec<[Val; 3]> = args.iter().map(|&x| self.val(x)).collect();
        let from = self.list.borrow().steps.len();
        let parts_from = self.list.borrow().parts.len();
        let bars = |k: usize| match vals[k] {
            Val::At(..) => Some(self.step(Step::Moved(args[k]))),
            Val::Number(_) => None,
        };
        rule::of(op, imm, &vals, self.val(place), bars, |_, part| {
            if let Lin::At(_, step) = part {
                self.list.borrow_mut().parts.push(step);
            }
        });
        let list = &mut *self.list.borrow_mut();
        let value = &mut list.values[place as usize];
        value.steps = from..list.steps.len();
        value.parts = parts_from..list.parts.len();
    }

    fn val(&self, place: u32) -> Val<'_> {
        match self.list.borrow().values[place as usize].source {
            Source::Number(c) => Val::Number(c),
            _ => Val::At(self, place),
        }
    }

    fn step(&self, step: Step) -> Lin<'_> {
        let steps = &mut self.list.borrow_mut().steps;
        steps.push(step);
        Lin::At(self, steps.len() as u32 - 1)
    }
}

/// A value, as a symbol.
#[derive(Clone, Copy, Debug)]
enum Val<'t> {
    Number(f64),
    At(&'t Trace, u32),
}

impl Scalar for Val<'_> {
    fn constant(c: f64) -> Self {
        Val::Number(c)
    }

    fn primal(self) -> f64 {
        match self {
            Val::Number(c) => c,
            Val::At(..) => f64::NAN,
        }
    }

    fn apply(op: Op, imm: Imm, args: &[Self]) -> Self {
        let trace = args.iter().find_map(|x| match *x {
            Val::At(trace, _) => Some(trace),
            Val::Number(_) => None,
        });
        match trace {
            Some(trace) => trace.record(op, imm, args),
            None => {
                let numbers: SmallVec<[f64; 8]> = args.iter().map(|x| x.primal()).collect();
                Val::Number(value::of(op, imm, &numbers))
            }
        }
    }
}

operators_by_apply! { ['t] Val<'t> }

/// What is linear in `D x`, as a symbol.
#[derive(Clone, Copy, Debug)]
enum Lin<'t> {
    Nothing,
    At(&'t Trace, u32),
}

impl<'t> Cotangent<Val<'t>> for Lin<'t> {}

impl Neg for Lin<'_> {
    type Output = Self;
    fn neg(self) -> Self {
        match self {
            Lin::Nothing => Lin::Nothing,
            Lin::At(trace, a) => trace.step(Step::Neg(a)),
        }
    }
}

impl Add for Lin<'_> {
    type Output = Self;
    fn add(self, rhs: Self) -> Self {
        match (self, rhs) {
            (Lin::At(trace, a), Lin::At(_, b)) => trace.step(Step::Add(a, b)),
            (Lin::Nothing, x) | (x, Lin::Nothing) => x,
        }
    }
}

impl<'t> Mul<Val<'t>> for Lin<'t> {
    type Output = Self;
    fn mul(self, rhs: Val<'t>) -> Self {
        match (self, rhs) {
            (Lin::Nothing, _) | (_, Val::Number(0.0)) => Lin::Nothing,
            (_, Val::Number(1.0)) => self,
            (Lin::At(trace, a), Val::Number(c)) => trace.step(Step::Scale(a, c)),
            (Lin::At(trace, a), Val::At(_, s)) => trace.step(Step::Mul(a, s)),
        }
    }
}

impl<'t> Div<Val<'t>> for Lin<'t> {
    type Output = Self;
    fn div(self, rhs: Val<'t>) -> Self {
        match (self, rhs) {
            (Lin::Nothing, _) => Lin::Nothing,
            (_, Val::Number(1.0)) => self,
            (Lin::At(trace, a), Val::Number(c)) => trace.step(Step::Over(a, c)),
            (Lin::At(trace, a), Val::At(_, s)) => trace.step(Step::Div(a, s)),
        }
    }
}
