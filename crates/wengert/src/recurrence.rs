//! How an op acts on a power series, from its row of the table. Read [`crate::series`] first.
//!
//! For `y = f(x)` the chain rule `y' = f'(x) x'` is a recurrence: with `D = t d/dt`, which
//! multiplies the coefficient of order `m` by `m`, the coefficient of order `m` of `D y` needs
//! those of the partials up to order `m - 1` only, since that of order 0 of `D x` is 0. So the rule
//! of the op is run once over symbols ([`Val`] for values, [`Lin`] for what stands for `bar`, here
//! `D x`), which gives a short list of values: the partials, and the ops these are made of, each
//! again with its rule, down to the order at which coefficients stop being needed. What has been
//! listed is not listed again, so `sin` needs `cos`, which needs `sin`, and each costs O(`K^2`).
//!
//! The list does not depend on the values, and is kept for the next time.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::ops::{Add, Div, Mul, Neg, Range, Sub};
use std::rc::Rc;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::kernel::{gdiv, gmul};
use crate::op::{Imm, NO_IMM, Op};
use crate::scalar::{Bar, Scalar, rule, value};
use crate::series::{arithmetic, combine};

/// The coefficients of `op` at the series `args`.
pub(crate) fn apply<const K: usize>(op: Op, imm: Imm, args: &[[f64; K]]) -> [f64; K] {
    /// Lists of folds over more operands than this are made anew each time.
    const MANY: usize = 8;
    /// So many lists are kept; immediates can make ever new ones.
    const KEPT: usize = 512;
    type Key = (Op, [u64; 2], usize, usize);
    thread_local! {
        static KNOWN: RefCell<FxHashMap<Key, Rc<Recurrence>>> = RefCell::default();
    }
    if args.len() > MANY {
        return Recurrence::new(op, imm, args.len(), K).run(args);
    }
    let recurrence = KNOWN.with_borrow_mut(|known| {
        let key = (op, imm.map(f64::to_bits), args.len(), K);
        if known.len() >= KEPT && !known.contains_key(&key) {
            known.clear();
        }
        Rc::clone(
            known
                .entry(key)
                .or_insert_with(|| Rc::new(Recurrence::new(op, imm, args.len(), K))),
        )
    });
    recurrence.run(args)
}

/// How the coefficients of one value come.
#[derive(Debug)]
enum Source {
    Operand,
    Number(f64),
    /// By [`combine`]; a single operand stands twice.
    Arithmetic(Op, u32, u32),
    Rule(Op, Imm, Args),
}

type Args = SmallVec<[u32; 3]>;

/// A value of the list: after the operands of the op come, in order, the op itself and whatever
/// its derivatives are made of. Arguments stand before what uses them.
#[derive(Debug)]
struct Value {
    source: Source,
    /// Coefficients of order below this are needed.
    orders: usize,
    /// The steps of the rule, for [`Source::Rule`].
    steps: Range<usize>,
    /// The steps whose results add up to `D y`.
    parts: Range<usize>,
}

/// What a rule does with `D x`. Steps are numbered through all rules.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// `D` of a value.
    Moved(u32),
    Neg(u32),
    Add(u32, u32),
    Scale(u32, f64),
    Over(u32, f64),
    Mul(u32, u32),
    Div(u32, u32),
}

/// The list of values, and the steps of their rules.
#[derive(Debug, Default)]
struct Recurrence {
    values: Vec<Value>,
    steps: Vec<Step>,
    parts: Vec<u32>,
    operands: usize,
}

impl Recurrence {
    fn new(op: Op, imm: Imm, operands: usize, orders: usize) -> Recurrence {
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

    fn run<const K: usize>(&self, args: &[[f64; K]]) -> [f64; K] {
        let mut values: SmallVec<[[f64; K]; 8]> = SmallVec::with_capacity(self.values.len());
        values.extend_from_slice(args);
        values.resize(self.values.len(), [0.0; K]);
        let mut steps: SmallVec<[[f64; K]; 8]> = SmallVec::from_elem([0.0; K], self.steps.len());
        let mut now: SmallVec<[Split; 16]> = SmallVec::new();
        let mut numbers: SmallVec<[f64; 8]> = SmallVec::new();
        for m in 0..K {
            for (place, value) in self.values.iter().enumerate().skip(self.operands) {
                if m >= value.orders {
                    break;
                }
                values[place][m] = match value.source {
                    Source::Operand => continue,
                    Source::Number(c) if m == 0 => c,
                    Source::Number(_) => 0.0,
                    Source::Arithmetic(op, a, b) => {
                        combine(op, m, &values[a as usize], &values[b as usize], &values[place])
                    }
                    Source::Rule(op, imm, ref args) if m == 0 => {
                        numbers.clear();
                        numbers.extend(args.iter().map(|&x| values[x as usize][0]));
                        value::of(op, imm, &numbers)
                    }
                    Source::Rule(..) => self.by_rule(m, value, &values, &mut steps, &mut now),
                };
            }
        }
        values[self.operands]
    }

    /// The coefficient of order `m` of a value, from those below.
    #[inline]
    fn by_rule<const K: usize>(
        &self,
        m: usize,
        value: &Value,
        values: &[[f64; K]],
        steps: &mut [[f64; K]],
        now: &mut SmallVec<[Split; 16]>,
    ) -> f64 {
        let first = value.steps.start;
        let order = m as f64;
        now.clear();
        for at in value.steps.clone() {
            let before = |step: u32| now[step as usize - first];
            let split = match self.steps[at] {
                Step::Moved(x) => Split {
                    lead: values[x as usize][m],
                    rest: 0.0,
                },
                Step::Neg(a) => before(a).map(|a| -a),
                Step::Add(a, b) => {
                    let (a, b) = (before(a), before(b));
                    Split {
                        lead: a.lead + b.lead,
                        rest: a.rest + b.rest,
                    }
                }
                Step::Scale(a, c) => before(a).map(|a| gmul(a, c)),
                Step::Over(a, c) => before(a).map(|a| gdiv(a, c)),
                Step::Mul(a, s) => {
                    let s = &values[s as usize];
                    let mut split = before(a).map(|a| gmul(a, s[0]));
                    for i in 1..m {
                        split.rest += gmul(steps[a as usize][i], s[m - i]);
                    }
                    split
                }
                Step::Div(a, s) => {
                    let s = &values[s as usize];
                    let mut split = before(a);
                    for i in 1..m {
                        split.rest -= gmul(steps[at][i], s[m - i]);
                    }
                    split.map(|a| gdiv(a, s[0]))
                }
            };
            steps[at][m] = order * split.lead + split.rest;
            now.push(split);
        }
        let mut sum = Split { lead: 0.0, rest: 0.0 };
        for &part in &self.parts[value.parts.clone()] {
            let part = now[part as usize - first];
            sum = Split {
                lead: sum.lead + part.lead,
                rest: sum.rest + part.rest,
            };
        }
        sum.lead + sum.rest / order
    }
}

/// A coefficient of order `m` of something linear in `D x`, as `m * lead + rest`: `lead` is linear
/// in the coefficients of order `m` of `x`, so that what is linear in `x` is never multiplied and
/// divided by `m`, and order 1 is the tangent to the bit.
#[derive(Clone, Copy)]
struct Split {
    lead: f64,
    rest: f64,
}

impl Split {
    #[inline(always)]
    fn map(self, f: impl Fn(f64) -> f64) -> Split {
        Split {
            lead: f(self.lead),
            rest: f(self.rest),
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
    orders: std::cell::Cell<usize>,
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

impl Neg for Val<'_> {
    type Output = Self;
    fn neg(self) -> Self {
        Self::apply(Op::Neg, NO_IMM, &[self])
    }
}

macro_rules! operators {
    ($($Trait:ident $method:ident $op:expr;)+) => {$(
        impl $Trait for Val<'_> {
            type Output = Self;
            fn $method(self, rhs: Self) -> Self {
                Self::apply($op, NO_IMM, &[self, rhs])
            }
        }
        impl $Trait<f64> for Val<'_> {
            type Output = Self;
            fn $method(self, rhs: f64) -> Self {
                Self::apply($op, NO_IMM, &[self, Val::Number(rhs)])
            }
        }
    )+};
}
operators! { Add add Op::Add; Sub sub Op::Sub; Mul mul Op::Mul; Div div Op::Div; }

/// What is linear in `D x`, as a symbol.
#[derive(Clone, Copy, Debug)]
enum Lin<'t> {
    Nothing,
    At(&'t Trace, u32),
}

impl<'t> Bar<Val<'t>> for Lin<'t> {}

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
