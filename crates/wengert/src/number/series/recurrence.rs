//! How an op acts on a power series, from its row of the table.
//!
//! For `y = f(x)`, the chain rule `y' = f'(x) x'` is a recurrence. Let `D = t d/dt`, which multiplies the coefficient
//! of order `m` by `m`. The coefficient of order 0 of `D x` is 0, so the coefficient of order `m` of `D y` needs the
//! coefficients of the partials up to order `m - 1` only. `symbols.rs` lists the values needed: the partials, the ops
//! they are made of, the partials of those ops, and so on, until no more coefficients are needed. This file evaluates
//! the list, order by order.
//!
//! The list does not depend on the values, and is cached for each thread. Without `std` there are no thread-local
//! variables, so it is made anew each time.

#[cfg(feature = "std")]
use alloc::rc::Rc;
use alloc::vec::Vec;
#[cfg(feature = "std")]
use core::cell::RefCell;
use core::ops::Range;

use smallvec::SmallVec;

#[cfg(feature = "std")]
use crate::hash::FxHashMap;
use crate::number::series::combine;
use crate::op::kernel::{gdiv, gmul};
use crate::op::{Imm, Op};
use crate::scalar::value;

/// The coefficients of `op` at the series `args`.
pub(crate) fn apply<const K: usize>(op: Op, imm: Imm, args: &[[f64; K]]) -> [f64; K] {
    /// The list of an op with more operands than this is not cached.
    const MANY: usize = 8;
    if args.len() > MANY {
        return Recurrence::new(op, imm, args.len(), K).run(args);
    }
    recurrence(op, imm, args.len(), K).run(args)
}

#[cfg(feature = "std")]
fn recurrence(op: Op, imm: Imm, operands: usize, orders: usize) -> Rc<Recurrence> {
    /// The size of the cache. Without a limit, a program that keeps using new immediates would fill the memory.
    const KEPT: usize = 512;
    type Key = (Op, [u64; 2], usize, usize);
    std::thread_local! {
        static CACHE: RefCell<FxHashMap<Key, Rc<Recurrence>>> = RefCell::default();
    }
    CACHE.with_borrow_mut(|cache| {
        let key = (op, imm.map(f64::to_bits), operands, orders);
        if cache.len() >= KEPT && !cache.contains_key(&key) {
            cache.clear();
        }
        Rc::clone(cache.entry(key).or_insert_with(|| Rc::new(Recurrence::new(op, imm, operands, orders))))
    })
}

#[cfg(not(feature = "std"))]
fn recurrence(op: Op, imm: Imm, operands: usize, orders: usize) -> Recurrence {
    Recurrence::new(op, imm, operands, orders)
}

/// How the coefficients of a value are computed.
#[derive(Debug)]
pub(crate) enum Definition {
    Operand,
    Number(f64),
    /// By [`combine`]; a single operand is given twice.
    Arithmetic(Op, u32, u32),
    Rule(Op, Imm, Args),
}

pub(crate) type Args = SmallVec<[u32; 3]>;

/// A value of the list. The list holds the operands of the op, then the op, then what its derivatives are made of.
#[derive(Debug)]
pub(crate) struct Quantity {
    pub(crate) definition: Definition,
    /// The number of coefficients needed.
    pub(crate) orders: usize,
    /// The steps of the rule, for [`Definition::Rule`].
    pub(crate) steps: Range<usize>,
    /// The steps whose results add up to `D y`.
    pub(crate) parts: Range<usize>,
}

/// A step of a rule, linear in `D x`. Steps are numbered across all rules.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RuleStep {
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
pub(crate) struct Recurrence {
    pub(crate) values: Vec<Quantity>,
    pub(crate) steps: Vec<RuleStep>,
    pub(crate) parts: Vec<u32>,
    pub(crate) operands: usize,
}

impl Recurrence {
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
                values[place][m] = match value.definition {
                    Definition::Operand => continue,
                    Definition::Number(c) if m == 0 => c,
                    Definition::Number(_) => 0.0,
                    Definition::Arithmetic(op, a, b) => {
                        combine(op, m, &values[a as usize], &values[b as usize], &values[place])
                    }
                    Definition::Rule(op, imm, ref args) if m == 0 => {
                        numbers.clear();
                        numbers.extend(args.iter().map(|&x| values[x as usize][0]));
                        value::of(op, imm, &numbers)
                    }
                    Definition::Rule(..) => self.by_rule(m, value, &values, &mut steps, &mut now),
                };
            }
        }
        values[self.operands]
    }

    /// The coefficient of order `m` of a value, from those of lower orders.
    #[inline]
    fn by_rule<const K: usize>(
        &self,
        m: usize,
        value: &Quantity,
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
                RuleStep::Moved(x) => Split { lead: values[x as usize][m], rest: 0.0 },
                RuleStep::Neg(a) => before(a).map(|a| -a),
                RuleStep::Add(a, b) => {
                    let (a, b) = (before(a), before(b));
                    Split { lead: a.lead + b.lead, rest: a.rest + b.rest }
                }
                RuleStep::Scale(a, c) => before(a).map(|a| gmul(a, c)),
                RuleStep::Over(a, c) => before(a).map(|a| gdiv(a, c)),
                RuleStep::Mul(a, s) => {
                    let s = &values[s as usize];
                    let mut split = before(a).map(|a| gmul(a, s[0]));
                    for i in 1..m {
                        split.rest += gmul(steps[a as usize][i], s[m - i]);
                    }
                    split
                }
                RuleStep::Div(a, s) => {
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
            sum = Split { lead: sum.lead + part.lead, rest: sum.rest + part.rest };
        }
        sum.lead + sum.rest / order
    }
}

/// A coefficient of order `m` of something linear in `D x`, as `m * lead + rest`. `lead` is linear in the coefficients
/// of order `m` of `x`, and is never multiplied and then divided by `m`. So the coefficient of order 1 has the same
/// bits as the tangent of a dual.
#[derive(Clone, Copy)]
struct Split {
    lead: f64,
    rest: f64,
}

impl Split {
    #[inline(always)]
    fn map(self, f: impl Fn(f64) -> f64) -> Split {
        Split { lead: f(self.lead), rest: f(self.rest) }
    }
}
