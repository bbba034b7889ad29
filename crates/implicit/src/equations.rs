//! Equations recorded in a graph of their own: their residuals and derivatives as numbers, and as expressions elsewhere.

use std::sync::Arc;

use nalgebra::DMatrix;
use wengert::{Error, Expr, Graph, Guard, Node, NodeId, Op, Relation};

use crate::map::Map;
use crate::matrix::DenseFactors;
use crate::pool::Pool;

/// Why there are no equations, or no values of them.
pub(crate) enum Stop {
    /// At these values.
    Here(String),
    /// Whatever the values: the closure does not give what it must.
    Always(String),
}

impl From<Stop> for String {
    fn from(stop: Stop) -> String {
        match stop {
            Stop::Here(what) | Stop::Always(what) => what,
        }
    }
}

/// The residuals, and for a minimum, what is to be minimized.
pub(crate) type Recording<'g> = (Vec<Expr<'g>>, Option<Expr<'g>>);

/// What a closure of the user's own defines.
pub(crate) trait Formula: Send + Sync {
    /// Records the residuals, which are 0 at the solution `y`, in the graph of `y` and `p`.
    fn record<'g>(&self, graph: &'g Graph, y: &[Expr<'g>], p: &[Expr<'g>]) -> Result<Recording<'g>, Stop>;
}

/// Equations in unknowns `y` with parameters `p`.
pub(crate) struct Equations {
    pub(crate) unknowns: usize,
    pub(crate) parameters: usize,
    formula: Box<dyn Formula>,
    recorded: Pool<Recorded>,
    /// Solves linear systems with the Jacobian, in derivatives as nodes.
    solve: Map,
}

/// The equations in a graph.
pub(crate) struct Recorded {
    graph: Graph,
    y: Vec<NodeId>,
    p: Vec<NodeId>,
    residuals: Vec<NodeId>,
    merit: Option<NodeId>,
    /// The factors of the Jacobian at the values of the graph.
    factors: Option<DenseFactors>,
}

impl Equations {
    pub(crate) fn new(name: &str, unknowns: usize, parameters: usize, formula: impl Formula + 'static) -> Equations {
        let solve = crate::linear_solve(&format!("{name}: linear_solve"), unknowns);
        Equations { unknowns, parameters, formula: Box::new(formula), recorded: Pool::new(), solve }
    }

    /// The functions that derivatives call.
    pub(crate) fn helpers(&self) -> Vec<Arc<dyn wengert::External>> {
        self.solve.externals()
    }

    /// Runs `f` with a recording at these values.
    pub(crate) fn with<R>(
        &self,
        y: &[f64],
        p: &[f64],
        f: impl FnOnce(&mut Recorded) -> Result<R, String>,
    ) -> Result<R, String> {
        let mut recorded = match self.recorded.take(|_| true) {
            Some(recorded) => recorded,
            None => self.record(y, p)?,
        };
        self.move_to(&mut recorded, y, p)?;
        let outcome = f(&mut recorded);
        self.recorded.keep(recorded);
        outcome
    }

    /// Evaluates the recording at other values. Records anew if the closure branches otherwise there.
    pub(crate) fn move_to(&self, recorded: &mut Recorded, y: &[f64], p: &[f64]) -> Result<(), Stop> {
        let same = |nodes: &[NodeId], values: &[f64]| {
            nodes.iter().zip(values).all(|(&node, value)| recorded.graph.value(node).to_bits() == value.to_bits())
        };
        if !recorded.graph.is_stale() && same(&recorded.y, y) && same(&recorded.p, p) {
            return Ok(());
        }
        recorded.factors = None;
        recorded.graph.set_all(&recorded.y, y);
        recorded.graph.set_all(&recorded.p, p);
        match recorded.graph.forward() {
            Ok(()) => Ok(()),
            Err(Error::GuardFlipped { .. }) => {
                *recorded = self.record(y, p)?;
                Ok(())
            }
            Err(error) => Err(Stop::Here(error.to_string())),
        }
    }

    fn record(&self, y: &[f64], p: &[f64]) -> Result<Recorded, Stop> {
        let graph = Graph::new();
        let (y, p) = (graph.leaves(y), graph.leaves(p));
        let (residuals, merit) = self.residuals(&graph, &y, &p)?;
        Ok(Recorded { graph, y, p, residuals, merit, factors: None })
    }

    /// The residuals, recorded in the graph.
    fn residuals(&self, graph: &Graph, y: &[NodeId], p: &[NodeId]) -> Result<(Vec<NodeId>, Option<NodeId>), Stop> {
        let node = |x: Expr<'_>| if x.graph().is_some() { x.id() } else { graph.constant(x.value()) };
        let (residuals, merit) = self.formula.record(graph, &graph.exprs(y), &graph.exprs(p))?;
        match residuals.len() == self.unknowns {
            true => Ok((residuals.into_iter().map(node).collect(), merit.map(node))),
            false => Err(Stop::Always(format!(
                "the closure gave {} equations for {} unknowns",
                residuals.len(),
                self.unknowns
            ))),
        }
    }

    /// The adjoints of the parameters, as expressions, from the adjoints `ybar` of the solution `y`: with `J^T u = ybar`, the
    /// derivative of `-u . residuals`.
    pub(crate) fn pullback<'g>(&self, p: &[Expr<'g>], y: &[Expr<'g>], ybar: &[Expr<'g>]) -> Option<Vec<Expr<'g>>> {
        let target = p.iter().chain(y).chain(ybar).find_map(|x| x.graph())?;
        let graph = Graph::new();
        let values = |list: &[Expr<'g>]| list.iter().map(|x| x.value()).collect::<Vec<f64>>();
        let (unknowns, parameters) = (graph.leaves(&values(y)), graph.leaves(&values(p)));
        let (residuals, _) =
            self.residuals(&graph, &unknowns, &parameters).unwrap_or_else(|stop| panic!("{}", String::from(stop)));
        let rows: Vec<Vec<NodeId>> = residuals.iter().map(|&r| graph.gradient_nodes(r, &unknowns)).collect();
        let u = graph.leaves(&vec![1.0; self.unknowns]);
        let seeds: Vec<(NodeId, NodeId)> = residuals.into_iter().zip(u.iter().copied()).collect();
        let p_bar = graph.vjp_nodes(&seeds, &parameters);

        let columns = (0..self.unknowns).flat_map(|column| rows.iter().map(move |row| row[column]));
        let columns: Vec<NodeId> = columns.collect();
        let mut copy = Copy::new(&graph, [&columns[..], &p_bar].concat());
        copy.known(&unknowns, y);
        copy.known(&parameters, p);
        copy.up_to(u.first().map_or(graph.len(), |u| u.index()));
        // By columns: the transpose.
        let transposed: Vec<Expr<'g>> = columns.iter().map(|&node| copy.of(node)).collect();
        let solved = target.external(Arc::clone(self.solve.function()), &[&transposed[..], ybar].concat());
        copy.known(&u, &solved);
        copy.up_to(graph.len());
        copy.guards();
        Some(p_bar.iter().map(|&node| -copy.of(node)).collect())
    }
}

impl Recorded {
    pub(crate) fn residuals(&self) -> Vec<f64> {
        self.residuals.iter().map(|&r| self.graph.value(r)).collect()
    }

    /// What is to be minimized.
    pub(crate) fn merit(&self) -> Option<f64> {
        self.merit.map(|merit| self.graph.value(merit))
    }

    /// The Jacobian of the residuals with respect to the unknowns.
    pub(crate) fn jacobian(&self) -> Result<DMatrix<f64>, String> {
        let rows = self.graph.try_jacobian(&self.residuals, &self.y).map_err(|error| error.to_string())?;
        match rows.iter().flatten().all(|entry| entry.is_finite()) {
            true => Ok(DMatrix::from_fn(rows.len(), rows.len(), |row, column| rows[row][column])),
            false => Err(format!("a derivative of the equations is not finite at {:?}", self.unknowns())),
        }
    }

    fn unknowns(&self) -> Vec<f64> {
        self.y.iter().map(|&y| self.graph.value(y)).collect()
    }

    /// A bound of the rounding error of each residual, to first order: the sum, over the nodes that it is computed from, of
    /// half a unit in the last place times the absolute adjoint.
    pub(crate) fn rounding(&self) -> Result<Vec<f64>, String> {
        let nodes: Vec<Node> = self.graph.nodes().filter(|node| node.op != Op::Const).collect();
        let keys: Vec<NodeId> = nodes.iter().map(|node| node.id).collect();
        let mut bars = vec![0.0; keys.len()];
        let bound = |&residual: &NodeId| {
            self.graph.try_vjp_into(&[(residual, 1.0)], &keys, &mut bars).map_err(|error| error.to_string())?;
            let errors = nodes.iter().zip(&bars).map(|(node, bar)| (node.value * bar).abs());
            Ok(0.5 * f64::EPSILON * errors.filter(|error| error.is_finite()).sum::<f64>())
        };
        self.residuals.iter().map(bound).collect()
    }

    /// Keeps the factors of the Jacobian.
    pub(crate) fn factor(&mut self, jacobian: DMatrix<f64>) -> Result<(), String> {
        let factors = DenseFactors::new(jacobian);
        self.factors = Some(factors.map_err(|_| format!("the Jacobian is singular at {:?}", self.unknowns()))?);
        Ok(())
    }

    /// Solves `J x = b`, or `J^T x = b`, in place.
    pub(crate) fn solve(&mut self, transposed: bool, b: &mut [f64]) -> Result<(), String> {
        if self.factors.is_none() {
            self.factor(self.jacobian()?)?;
        }
        self.factors.iter().for_each(|factors| factors.solve(transposed, b));
        match b.iter().all(|x| x.is_finite()) {
            true => Ok(()),
            false => Err(format!("a linear system with the Jacobian overflows at {:?}", self.unknowns())),
        }
    }

    /// Writes the derivative of `-u . residuals` with respect to the parameters.
    pub(crate) fn negative_vjp(&self, u: &[f64], out: &mut [f64]) -> Result<(), String> {
        let seeds: Vec<(NodeId, f64)> = self.residuals.iter().copied().zip(u.iter().map(|u| -u)).collect();
        self.graph.try_vjp_into(&seeds, &self.p, out).map_err(|error| error.to_string())
    }

    /// Writes the derivative of the negative residuals along `v`, a direction of the parameters.
    pub(crate) fn negative_jvp(&self, v: &[f64], out: &mut [f64]) -> Result<(), String> {
        let seeds: Vec<(NodeId, f64)> = self.p.iter().copied().zip(v.iter().map(|v| -v)).collect();
        out.copy_from_slice(&self.graph.try_jvp(&seeds, &self.residuals).map_err(|error| error.to_string())?);
        Ok(())
    }
}

/// Copies nodes, and those that they need, from one graph to another.
struct Copy<'a, 'g> {
    from: &'a Graph,
    needed: Vec<bool>,
    guards: Vec<Guard>,
    copies: Vec<Option<Expr<'g>>>,
    /// How many nodes were looked at.
    done: usize,
}

impl<'a, 'g> Copy<'a, 'g> {
    fn new(from: &'a Graph, outputs: Vec<NodeId>) -> Copy<'a, 'g> {
        let (mut needed, guards) = (vec![false; from.len()], from.guards());
        for node in outputs.into_iter().chain(guards.iter().flat_map(|guard| [guard.left, guard.right])) {
            needed[node.index()] = true;
        }
        for at in (0..needed.len()).rev() {
            if let (true, Some(node)) = (needed[at], from.get(at)) {
                node.operands.iter().for_each(|operand| needed[operand.index()] = true);
                node.external.iter().for_each(|external| needed[external.first.index()] = true);
            }
        }
        Copy { from, needed, guards, copies: vec![None; from.len()], done: 0 }
    }

    /// Says which expressions stand for these leaves.
    fn known(&mut self, leaves: &[NodeId], exprs: &[Expr<'g>]) {
        leaves.iter().zip(exprs).for_each(|(leaf, &expr)| self.copies[leaf.index()] = Some(expr));
    }

    fn of(&self, node: NodeId) -> Expr<'g> {
        self.copies[node.index()].unwrap_or_else(|| unreachable!("{node} was not copied"))
    }

    /// Copies the nodes before a position.
    fn up_to(&mut self, end: usize) {
        for at in self.done..end {
            let node = match self.from.get(at) {
                Some(node) if self.needed[at] && self.copies[at].is_none() => node,
                _ => continue,
            };
            let operands: Vec<Expr<'g>> = node.operands.iter().map(|&operand| self.of(operand)).collect();
            match (node.op, node.external) {
                (Op::Const, _) => self.copies[at] = Some(Expr::constant(node.value)),
                (_, Some(external)) => {
                    let outputs = <Expr<'g> as wengert::Scalar>::external(&external.function, &operands);
                    for (copy, output) in self.copies[at..].iter_mut().zip(outputs) {
                        *copy = Some(output);
                    }
                }
                (op, _) => self.copies[at] = Some(<Expr<'g> as wengert::Scalar>::apply(op, node.imm, &operands)),
            }
        }
        self.done = end;
    }

    /// Makes the comparisons of the graph again.
    fn guards(&self) {
        let one = Expr::constant(1.0);
        for guard in &self.guards {
            let (left, right) = (self.of(guard.left), self.of(guard.right));
            // Each leaves a guard.
            let _ = match guard.relation {
                Relation::Less => left < right,
                Relation::LessEqual => left <= right,
                Relation::Equal => left == right,
                Relation::Unordered => left.partial_cmp(&right).is_none(),
                Relation::SameBits => left == right && one.copysign(left) == one.copysign(right),
                Relation::SameSign => one.copysign(left) == one.copysign(right),
                other => unreachable!("expressions are not compared by {other:?}"),
            };
        }
    }
}
