//! How an op acts on a series, found by running its rule once over symbols.
//!
//! [`Symbol`] stands for a value, and [`Linear`] for the cotangent that the rule multiplies, here `D x`. The list holds
//! the partials of the op, the ops they are made of, the partials of those ops, and so on. Each value is listed once:
//! `sin` needs `cos`, which needs `sin`, and both cost O(`K^2`).

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::ops::{Add, Div, Mul, Neg, Sub};

use smallvec::SmallVec;

use crate::hash::FxHashMap;
use crate::number::series::arithmetic;
use crate::number::series::recurrence::{Args, Definition, Quantity, Recurrence, RuleStep};
use crate::op::{Imm, NO_IMM, Op};
use crate::scalar::{Scalar, cotangent, operators_by_apply, rule, value};

impl Recurrence {
    /// The recurrence of `op` with this number of operands, for this number of coefficients.
    pub(crate) fn new(op: Op, imm: Imm, operands: usize, orders: usize) -> Recurrence {
        let trace = Trace::default();
        trace.orders.set(orders);
        let args: Vec<Symbol> = (0..operands).map(|_| trace.push(Definition::Operand)).collect();
        trace.record(op, imm, &args);
        // In order of listing: what is listed first is needed to the highest order.
        let next = || trace.waiting.borrow_mut().pop_front();
        while let Some(place) = next() {
            trace.expand(place);
        }
        Recurrence { operands, ..trace.list.into_inner() }
    }
}

type Key = (Op, [u64; 2], Args);

#[derive(Debug, Default)]
struct Trace {
    list: RefCell<Recurrence>,
    listed: RefCell<FxHashMap<Key, u32>>,
    waiting: RefCell<VecDeque<u32>>,
    /// How many coefficients are needed of each value that is listed now.
    orders: Cell<usize>,
}

impl Trace {
    fn push(&self, definition: Definition) -> Symbol<'_> {
        let values = &mut self.list.borrow_mut().values;
        let place = values.len() as u32;
        if let Definition::Rule(..) = definition {
            self.waiting.borrow_mut().push_back(place);
        }
        values.push(Quantity { definition, orders: self.orders.get(), steps: 0..0, parts: 0..0 });
        Symbol::At(self, place)
    }

    fn place(&self, val: Symbol<'_>) -> u32 {
        match val {
            Symbol::At(_, place) => place,
            Symbol::Number(c) => self.place(self.record(Op::Const, [c, 0.0], &[])),
        }
    }

    fn record<'t>(&'t self, op: Op, imm: Imm, args: &[Symbol<'t>]) -> Symbol<'t> {
        let args: Args = args.iter().map(|&x| self.place(x)).collect();
        let key = (op, imm.map(f64::to_bits), args);
        if let Some(&place) = self.listed.borrow().get(&key) {
            return Symbol::At(self, place);
        }
        let args = &key.2;
        let val = self.push(match args[..] {
            [] if op == Op::Const => Definition::Number(imm[0]),
            [a] if arithmetic(op) => Definition::Arithmetic(op, a, a),
            [a, b] if arithmetic(op) => Definition::Arithmetic(op, a, b),
            _ => Definition::Rule(op, imm, args.clone()),
        });
        self.listed.borrow_mut().insert(key, self.place(val));
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
            match value.definition {
                Definition::Rule(op, imm, ref args) => (op, imm, args.clone()),
                _ => return,
            }
        };
        let vals: SmallVec<[Symbol; 3]> = args.iter().map(|&x| self.val(x)).collect();
        let from = self.list.borrow().steps.len();
        let parts_from = self.list.borrow().parts.len();
        let bars = |k: usize| match vals[k] {
            Symbol::At(..) => Some(self.step(RuleStep::Moved(args[k]))),
            Symbol::Number(_) => None,
        };
        rule::of(op, imm, &vals, self.val(place), &bars, &mut |_, part| {
            if let Linear::At(_, step) = part {
                self.list.borrow_mut().parts.push(step);
            }
        });
        let list = &mut *self.list.borrow_mut();
        let value = &mut list.values[place as usize];
        value.steps = from..list.steps.len();
        value.parts = parts_from..list.parts.len();
    }

    fn val(&self, place: u32) -> Symbol<'_> {
        match self.list.borrow().values[place as usize].definition {
            Definition::Number(c) => Symbol::Number(c),
            _ => Symbol::At(self, place),
        }
    }

    #[inline(never)]
    fn step(&self, step: RuleStep) -> Linear<'_> {
        let steps = &mut self.list.borrow_mut().steps;
        steps.push(step);
        Linear::At(self, steps.len() as u32 - 1)
    }
}

#[derive(Clone, Copy, Debug)]
enum Symbol<'t> {
    Number(f64),
    At(&'t Trace, u32),
}

impl Scalar for Symbol<'_> {
    fn constant(c: f64) -> Self {
        Symbol::Number(c)
    }

    fn primal(self) -> f64 {
        match self {
            Symbol::Number(c) => c,
            Symbol::At(..) => f64::NAN,
        }
    }

    fn apply(op: Op, imm: Imm, args: &[Self]) -> Self {
        let trace = args.iter().find_map(|x| match *x {
            Symbol::At(trace, _) => Some(trace),
            Symbol::Number(_) => None,
        });
        match trace {
            Some(trace) => trace.record(op, imm, args),
            None => {
                let numbers: SmallVec<[f64; 8]> = args.iter().map(|x| x.primal()).collect();
                Symbol::Number(value::of(op, imm, &numbers))
            }
        }
    }
}

operators_by_apply! { ['t] Symbol<'t> }

/// A symbol for something linear in `D x`.
#[derive(Clone, Copy, Debug)]
enum Linear<'t> {
    Nothing,
    At(&'t Trace, u32),
}

cotangent! { ['t] Linear<'t>, with Symbol<'t>;
    -a => match a {
        Linear::Nothing => Linear::Nothing,
        Linear::At(trace, a) => trace.step(RuleStep::Neg(a)),
    };
    a + b => match (a, b) {
        (Linear::At(trace, a), Linear::At(_, b)) => trace.step(RuleStep::Add(a, b)),
        (Linear::Nothing, x) | (x, Linear::Nothing) => x,
    };
    a * s => a.times(s);
    a / s => a.over(s);
}

impl<'t> Linear<'t> {
    #[inline(never)]
    fn times(self, s: Symbol<'t>) -> Self {
        match (self, s) {
            (Linear::Nothing, _) | (_, Symbol::Number(0.0)) => Linear::Nothing,
            (_, Symbol::Number(1.0)) => self,
            (Linear::At(trace, a), Symbol::Number(c)) => trace.step(RuleStep::Scale(a, c)),
            (Linear::At(trace, a), Symbol::At(_, s)) => trace.step(RuleStep::Mul(a, s)),
        }
    }

    #[inline(never)]
    fn over(self, s: Symbol<'t>) -> Self {
        match (self, s) {
            (Linear::Nothing, _) => Linear::Nothing,
            (_, Symbol::Number(1.0)) => self,
            (Linear::At(trace, a), Symbol::Number(c)) => trace.step(RuleStep::Over(a, c)),
            (Linear::At(trace, a), Symbol::At(_, s)) => trace.step(RuleStep::Div(a, s)),
        }
    }
}
