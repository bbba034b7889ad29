//! A model of a graph: a plain list of nodes, with rules and duals of its own, that forgets nothing.

use wengert::{Arity, Error, Mark, NodeId, Op};

use crate::functions::Called;

/// A node of the model.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) key: NodeId,
    pub(crate) op: Op,
    pub(crate) c: f64,
    pub(crate) operands: Vec<usize>,
    pub(crate) value: f64,
    pub(crate) stale: bool,
    pub(crate) wants: bool,
    pub(crate) grad: f64,
    pub(crate) label: Option<String>,
    pub(crate) scope: Vec<String>,
    /// For an output of a call: the function, and which output it is.
    pub(crate) called: Option<(Called, usize)>,
}

/// Why values cannot be computed anew.
#[derive(Debug)]
pub(crate) enum Refused {
    /// A comparison comes out otherwise.
    Guard(usize, usize, bool),
    /// A function has no value.
    Function,
}

/// A mark, how long graph and guards were, and whether it is still valid.
pub(crate) struct Marked {
    pub(crate) mark: Mark,
    pub(crate) nodes: usize,
    pub(crate) guards: usize,
    pub(crate) good: bool,
}

/// What a graph should be.
#[derive(Default)]
pub(crate) struct Model {
    pub(crate) nodes: Vec<Node>,
    /// Left, right, whether left was less.
    pub(crate) guards: Vec<(usize, usize, bool)>,
    pub(crate) marks: Vec<Marked>,
    pub(crate) dropped: Vec<NodeId>,
}

/// A number with its tangent, and the sum of the magnitudes that the tangent was added up from.
#[derive(Clone, Copy)]
pub(crate) struct Tangent {
    pub(crate) slope: f64,
    pub(crate) size: f64,
}

impl Model {
    fn values(&self, operands: &[usize]) -> Vec<f64> {
        operands.iter().map(|&x| self.nodes[x].value).collect()
    }

    /// What a node is computed to be, or `None` where a function fails.
    fn computed(&self, node: usize) -> Option<f64> {
        let Node { op, c, ref operands, value, called, .. } = self.nodes[node];
        match (op, called) {
            (Op::Leaf | Op::Const, _) => Some(value),
            (_, Some((called, output))) => called.values(&self.values(operands)).map(|values| values[output]),
            _ => Some(self.compute(op, c, operands)),
        }
    }

    /// The value of an op, in plain `f64`.
    pub(crate) fn compute(&self, op: Op, c: f64, operands: &[usize]) -> f64 {
        let x = |k: usize| self.nodes[operands[k]].value;
        match op {
            Op::Neg => -x(0),
            Op::Add => x(0) + x(1),
            Op::Sub => x(0) - x(1),
            Op::Mul => x(0) * x(1),
            Op::Div => x(0) / x(1),
            Op::AddC => x(0) + c,
            Op::SubC => x(0) - c,
            Op::CSub => c - x(0),
            Op::MulC => x(0) * c,
            Op::DivC => x(0) / c,
            Op::CDiv => c / x(0),
            Op::Recip => 1.0 / x(0),
            Op::Abs => x(0).abs(),
            Op::Relu if x(0).is_nan() || x(0) > 0.0 => x(0),
            Op::Relu => 0.0,
            Op::Step if x(0).is_nan() => f64::NAN,
            Op::Step => f64::from(x(0) > 0.0),
            Op::Sign if x(0).is_nan() => f64::NAN,
            Op::Sign => f64::from(i8::from(x(0) > 0.0) - i8::from(x(0) < 0.0)),
            Op::Flat if x(0).is_nan() => f64::NAN,
            Op::Flat => 0.0,
            Op::Max | Op::Min if x(0).is_nan() || x(1).is_nan() => f64::NAN,
            Op::Max if x(0) == x(1) => {
                if x(0).is_sign_negative() {
                    x(1)
                } else {
                    x(0)
                }
            }
            Op::Min if x(0) == x(1) => {
                if x(0).is_sign_negative() {
                    x(0)
                } else {
                    x(1)
                }
            }
            Op::Max => {
                if x(0) > x(1) {
                    x(0)
                } else {
                    x(1)
                }
            }
            Op::Min => {
                if x(0) < x(1) {
                    x(0)
                } else {
                    x(1)
                }
            }
            Op::Prefer => share(x(0), x(1)),
            Op::Gmul => guarded(x(0), x(1)),
            Op::Gdiv => guarded_quotient(x(0), x(1)),
            Op::Detach => x(0),
            Op::Lt => f64::from(x(0) < x(1)),
            Op::Eq => f64::from(x(0) == x(1)),
            Op::Ne => f64::from(x(0) != x(1)),
            Op::Select => {
                if x(0) != 0.0 {
                    x(1)
                } else {
                    x(2)
                }
            }
            Op::Sum => (0..operands.len()).fold(0.0, |sum, k| sum + x(k)),
            _ => unreachable!("the model has no {op}"),
        }
    }

    /// What each operand of a node receives of `bar`, by rules of its own. `None` where a function fails.
    fn pull(&self, node: usize, bar: f64) -> Option<Vec<f64>> {
        let Node { op, c, ref operands, value: r, called, .. } = self.nodes[node];
        if let Some((called, output)) = called {
            let bars = [0, 1].map(|k| if k == output { bar } else { 0.0 });
            return called.pull(&self.values(operands), &bars);
        }
        let x = |k: usize| self.nodes[operands[k]].value;
        let times = |s: f64| guarded(bar, s);
        let over = |s: f64| guarded_quotient(bar, s);
        Some(match op {
            Op::Neg | Op::CSub => vec![-bar],
            Op::Add => vec![bar, bar],
            Op::Sub => vec![bar, -bar],
            Op::AddC | Op::SubC => vec![bar],
            Op::Mul | Op::Gmul => vec![times(x(1)), times(x(0))],
            Op::MulC => vec![times(c)],
            Op::DivC => vec![over(c)],
            Op::Div | Op::Gdiv => vec![over(x(1)), -guarded_quotient(times(r), x(1))],
            Op::CDiv => vec![-guarded_quotient(times(r), x(0))],
            Op::Recip => vec![-guarded(times(r), r)],
            Op::Abs => vec![times(self.compute(Op::Sign, 0.0, operands))],
            Op::Relu => vec![times(self.compute(Op::Step, 0.0, operands))],
            Op::Step | Op::Sign | Op::Flat => vec![times(if r.is_nan() { f64::NAN } else { 0.0 })],
            Op::Max => vec![times(share(x(0), x(1))), times(share(x(1), x(0)))],
            Op::Min => vec![times(share(x(1), x(0))), times(share(x(0), x(1)))],
            Op::Prefer => vec![times(if r.is_nan() { f64::NAN } else { 0.0 }); 2],
            Op::Select => vec![times(0.0), times(f64::from(x(0) != 0.0)), times(f64::from(x(0) == 0.0))],
            Op::Sum => vec![bar; operands.len()],
            Op::Leaf | Op::Const | Op::Detach | Op::Lt | Op::Eq | Op::Ne => vec![],
            _ => unreachable!("the model has no {op}"),
        })
    }

    /// The adjoint of every node, swept back from the seeds. `None` where a function fails.
    pub(crate) fn sweep(&self, seeds: &[(usize, f64)]) -> Option<Vec<f64>> {
        let mut bars = vec![0.0; self.nodes.len()];
        for &(node, seed) in seeds {
            bars[node] += seed;
        }
        for k in (0..self.nodes.len()).rev() {
            let Node { op, ref operands, wants, called, .. } = self.nodes[k];
            let parts = match called {
                _ if !wants => continue,
                // All outputs of a call at once, with the first.
                Some((called, 0)) if !called.is_statement() && bars[k..k + 2].iter().any(|&bar| bar != 0.0) => {
                    called.pull(&self.values(operands), &bars[k..k + 2])?
                }
                Some((called, _)) if !called.is_statement() => continue,
                _ if bars[k] == 0.0 => continue,
                _ => self.pull(k, bars[k])?,
            };
            match (&operands[..], &parts[..]) {
                // An op of two adds the two parts of the same operand first. Others add one after the other.
                (&[x, y], &[p, q]) if x == y && matches!(op.arity(), Arity::Fixed(2)) => bars[x] += p + q,
                _ => {
                    for (&x, part) in operands.iter().zip(parts) {
                        bars[x] += part;
                    }
                }
            }
        }
        let wanted = |(bar, node): (f64, &Node)| if node.wants { bar } else { 0.0 };
        Some(bars.into_iter().zip(&self.nodes).map(wanted).collect())
    }

    /// For every node, the magnitudes that its adjoint is added up from where statements are recorded op by op. `None`
    /// where a function fails.
    pub(crate) fn sizes(&self, l: usize) -> Option<Vec<f64>> {
        let mut sizes = vec![0.0; self.nodes.len()];
        sizes[l] = 1.0;
        for k in (0..=l).rev().filter(|&k| self.nodes[k].wants) {
            let (operands, size) = (&self.nodes[k].operands, sizes[k]);
            let parts = match self.nodes[k].called {
                Some((called, _)) => called.sizes(&self.values(operands)).into_iter().map(|s| s * size).collect(),
                None => self.pull(k, size)?,
            };
            operands.iter().zip(parts).for_each(|(&x, part)| sizes[x] += part.abs());
        }
        Some(sizes)
    }

    /// Which nodes some nodes are computed from, and they themselves.
    pub(crate) fn needed(&self, nodes: &[usize]) -> Vec<bool> {
        let mut needed = vec![false; self.nodes.len()];
        nodes.iter().for_each(|&node| needed[node] = true);
        for k in (0..needed.len()).rev().filter(|&k| self.nodes[k].op != Op::Leaf) {
            if needed[k] {
                self.nodes[k].operands.iter().for_each(|&x| needed[x] = true);
            }
        }
        needed
    }

    /// The tangent of every node, where leaf `leaf` moves at speed 1: duals of its own. `None` where a function fails.
    pub(crate) fn tangents(&self, leaf: usize) -> Option<Vec<Tangent>> {
        let mut tangents: Vec<Tangent> = Vec::new();
        for (k, node) in self.nodes.iter().enumerate() {
            let mut sum = Tangent { slope: if k == leaf { 1.0 } else { 0.0 }, size: 1.0 };
            for (place, &x) in node.operands.iter().enumerate() {
                let Tangent { slope, size } = tangents[x];
                let moved = self.pull(k, slope)?.get(place).copied().unwrap_or(0.0);
                sum.slope += if self.nodes[x].wants { moved } else { 0.0 };
                sum.size += self.pull(k, size)?.get(place).map_or(0.0, |part| part.abs());
            }
            tangents.push(sum);
        }
        Some(tangents)
    }

    pub(crate) fn push(&mut self, key: NodeId, op: Op, c: f64, operands: Vec<usize>, value: f64, scope: Vec<String>) {
        let passes = !matches!(op, Op::Detach | Op::Lt | Op::Eq | Op::Ne);
        let wants = op == Op::Leaf || passes && operands.iter().any(|&x| self.nodes[x].wants);
        self.nodes.push(Node {
            key,
            op,
            c,
            operands,
            value,
            stale: false,
            wants,
            grad: 0.0,
            label: None,
            scope,
            called: None,
        });
    }

    /// Appends the outputs of a call.
    pub(crate) fn push_call(&mut self, keys: Vec<NodeId>, called: Called, operands: &[usize], values: Vec<f64>) {
        for (output, (key, value)) in keys.into_iter().zip(values).enumerate() {
            self.push(key, Op::External, 0.0, operands.to_vec(), value, vec![]);
            self.nodes.last_mut().expect("just pushed").called = Some((called, output));
        }
    }

    pub(crate) fn make_stale(&mut self) {
        for node in self.nodes.iter_mut().filter(|node| !matches!(node.op, Op::Leaf | Op::Const)) {
            node.stale = true;
        }
    }

    /// Recomputes, or says why not.
    pub(crate) fn forward(&mut self) -> Result<(), Refused> {
        for k in 0..self.nodes.len() {
            let Some(value) = self.computed(k) else {
                self.make_stale();
                return Err(Refused::Function);
            };
            self.nodes[k].value = value;
            self.nodes[k].stale = false;
        }
        let flips = |&&(a, b, less): &&(usize, usize, bool)| (self.nodes[a].value < self.nodes[b].value) != less;
        match self.guards.iter().find(flips).copied() {
            None => Ok(()),
            Some((a, b, less)) => {
                self.make_stale();
                Err(Refused::Guard(a, b, less))
            }
        }
    }

    /// As [`Model::forward`], where only what `l` and the guards need is computed and the bodies of statements are those
    /// of `recorded`, as in a program.
    pub(crate) fn replayed(&mut self, recorded: &Model, l: usize) -> Result<(), Refused> {
        let guarded: Vec<usize> = self.guards.iter().flat_map(|&(a, b, _)| [a, b]).chain([l]).collect();
        for (k, needed) in self.needed(&guarded).into_iter().enumerate() {
            let Node { called, ref operands, .. } = self.nodes[k];
            if !needed {
                continue;
            }
            if let Some((called, _)) = called
                && called.branch(&self.values(operands)) != called.branch(&recorded.values(operands))
            {
                return Err(Refused::Guard(operands[0], operands[1], !called.branch(&self.values(operands))));
            }
            self.nodes[k].value = self.computed(k).ok_or(Refused::Function)?;
        }
        let flips = |&&(a, b, less): &&(usize, usize, bool)| (self.nodes[a].value < self.nodes[b].value) != less;
        self.guards.iter().find(flips).map_or(Ok(()), |&(a, b, less)| Err(Refused::Guard(a, b, less)))
    }

    /// Drops what was recorded since there were so many nodes and guards.
    pub(crate) fn cut(&mut self, nodes: usize, guards: usize) {
        self.dropped.extend(self.nodes.drain(nodes..).map(|node| node.key));
        self.guards.truncate(guards);
        for marked in &mut self.marks {
            marked.good &= marked.nodes <= nodes && marked.guards <= guards;
        }
    }

    /// The label of a node, as errors have it.
    pub(crate) fn label(&self, node: usize) -> Option<Box<str>> {
        self.nodes[node].label.as_deref().map(Into::into)
    }

    /// The error of a key that is none of the graph's. (A sequence of calls is too short for a graph to forget a key.)
    pub(crate) fn refusal(&self, node: NodeId) -> Error {
        match self.dropped.contains(&node) {
            true => Error::Dropped { node },
            false => Error::NotInGraph { node },
        }
    }

    /// The error where one of these nodes is stale.
    pub(crate) fn fresh(&self, node: usize) -> Result<(), Error> {
        let Node { key, stale, .. } = self.nodes[node];
        if stale { Err(Error::StaleValue { node: key, label: self.label(node) }) } else { Ok(()) }
    }
}

/// A product that is 0 if either factor is 0, whatever the other is. The sign of a zero is that of a plain product.
pub(crate) fn guarded(a: f64, b: f64) -> f64 {
    if (a == 0.0 || b == 0.0) && (a * b).is_nan() { 0.0 } else { a * b }
}

/// A quotient that is 0 where `a` is, whatever `b` is.
fn guarded_quotient(a: f64, b: f64) -> f64 {
    if a == 0.0 && (a / b).is_nan() { 0.0 } else { a / b }
}

/// The share of `x` in the maximum of both.
fn share(x: f64, y: f64) -> f64 {
    match x.partial_cmp(&y) {
        None => f64::NAN,
        Some(std::cmp::Ordering::Less) => 0.0,
        Some(std::cmp::Ordering::Equal) => 0.5,
        Some(std::cmp::Ordering::Greater) => 1.0,
    }
}

/// Equal, up to the sign of a zero and the kind of NaN.
pub(crate) fn same(a: f64, b: f64) -> bool {
    a == b || a.is_nan() && b.is_nan()
}
