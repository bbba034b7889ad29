//! A graph of every op as one statement and as one external function, and programs of graphs that call both.

use std::sync::Arc;

use wengert::{Expr, External, Function, Graph, Imm, NO_IMM, NodeId, Op, Real, Scalar, Statement};

use crate::dag::{Recorded, bits};
use crate::model::same;
use crate::routes::{INPUTS, Plan, near, sizes, steps};

/// A recorded graph as a function of its inputs.
#[derive(Clone)]
struct Recording {
    steps: Vec<Part>,
    output: usize,
}

/// A node of a [`Recording`].
#[derive(Clone)]
enum Part {
    Input(usize),
    Number(f64),
    Op(Op, Imm, Vec<usize>),
}

impl Recording {
    fn of(graph: &Graph, inputs: &[NodeId], output: NodeId) -> Recording {
        let part = |node: wengert::Node| match inputs.iter().position(|&x| x == node.id) {
            Some(k) => Part::Input(k),
            None if node.operands.is_empty() => Part::Number(node.value),
            None => Part::Op(node.op, node.imm, node.operands.iter().map(|x| x.index()).collect()),
        };
        Recording { steps: graph.nodes().map(part).collect(), output: output.index() }
    }

    /// The same with another number in place of NaN, which an external function may not give at finite inputs.
    fn without_nan(mut self) -> Recording {
        let (len, y) = (self.steps.len(), self.output);
        self.steps.push(Part::Op(Op::Eq, NO_IMM, vec![y, y]));
        self.steps.push(Part::Number(0.5));
        self.steps.push(Part::Op(Op::Select, NO_IMM, vec![len, y, len + 1]));
        Recording { output: len + 2, ..self }
    }
}

impl Function for Recording {
    fn call<T: Real>(&self, x: &[T]) -> T {
        let mut values: Vec<T> = Vec::new();
        for part in &self.steps {
            values.push(match part {
                Part::Input(k) => x[*k],
                Part::Number(value) => T::constant(*value),
                Part::Op(op, imm, operands) => {
                    T::apply(*op, *imm, &operands.iter().map(|&x| values[x]).collect::<Vec<T>>())
                }
            });
        }
        values[self.output]
    }
}

impl External for Recording {
    fn name(&self) -> &str {
        "recording"
    }
    fn shape(&self) -> (usize, usize) {
        (INPUTS, 1)
    }
    fn value(&self, x: &[f64], y: &mut [f64]) -> Result<(), String> {
        y[0] = self.call(x);
        Ok(())
    }
    fn vjp(&self, x: &[f64], _: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), String> {
        xbar.fill(0.0);
        self.value_and_gradient(x, xbar);
        xbar.iter_mut().for_each(|bar| *bar *= ybar[0]);
        Ok(())
    }
    fn pullback<'g>(&self, x: &[Expr<'g>], _: &[Expr<'g>], ybar: &[Expr<'g>]) -> Option<Vec<Expr<'g>>> {
        let graph = x.iter().chain(ybar).find_map(|x| x.graph())?;
        // Nodes of its own, since an input may be computed from another.
        let x: Vec<Expr<'g>> = x.iter().map(|&x| -graph.expr(graph.neg(node(graph, x)))).collect();
        let l = node(graph, self.call(&x));
        let slopes = graph.gradient_nodes(l, &x.iter().map(|x| x.id()).collect::<Vec<_>>());
        Some(slopes.into_iter().map(|slope| Expr::apply(Op::Gmul, NO_IMM, &[ybar[0], graph.expr(slope)])).collect())
    }
}

/// The whole graph as one statement, and as one external function, against its ops.
pub(crate) fn calls(plan: &Plan) {
    let Recorded { graph, inputs, outputs } = plan.record(false);
    let l = outputs[0];
    let size = sizes(&steps(&graph), l.index());
    let function = Recording::of(&graph, &inputs, l);
    let statement = Statement::new("recording", INPUTS, function.clone());
    let mut whole = Graph::new();
    let x = whole.leaves(&plan.x);
    let y = whole.call_node(&statement, &x);
    assert_eq!(bits(whole.value(y)), bits(graph.value(l)), "the value of a call");
    let gradient = whole.gradient(y, &x);
    let external = whole.try_external_nodes(Arc::new(function), &x);
    if let Ok(external) = &external {
        assert_eq!(bits(whole.value(external[0])), bits(graph.value(l)), "the value of an external function");
    }
    if let Some(sizes) = &size {
        let expected = graph.gradient(l, &inputs);
        let outer = external.as_ref().ok().map(|external| whole.gradient(external[0], &x));
        for (k, input) in inputs.iter().enumerate() {
            let near = |got| near(got, expected[k], sizes[input.index()], graph.len());
            assert!(near(gradient[k]), "d{k}: by a call {:e}, by ops {:e}", gradient[k], expected[k]);
            if let Some(outer) = &outer {
                assert!(near(outer[k]), "d{k}: by an external function {:e}, by ops {:e}", outer[k], expected[k]);
            }
        }
        second_of_call(&graph, (l, &inputs), &whole, (y, &x));
    }
    // As values and partials are computed at other inputs, and again at these.
    let swept = gradient.iter().map(|&x| bits(x)).collect::<Vec<_>>();
    let [a, b, c] = plan.x;
    for point in [[c, a, b], [a, b, c]] {
        x.iter().zip(point).for_each(|(&x, value)| whole.set(x, value));
        if whole.forward().is_ok() {
            assert_eq!(bits(whole.value(y)), bits(statement.function().call(&point)), "the value of a call, again");
            let fresh = Graph::new();
            let leaves = fresh.leaves(&point);
            let expected = fresh.gradient(fresh.call_node(&statement, &leaves), &leaves);
            let again = whole.gradient(y, &x);
            assert!(again.iter().zip(&expected).all(|(&a, &b)| same(a, b)), "{again:?} for {expected:?}");
            let is_first = point.map(bits) == plan.x.map(bits);
            assert!(
                !is_first || again.iter().map(|&x| bits(x)).eq(swept.iter().copied()),
                "{again:?} for {gradient:?}"
            );
        }
    }
}

/// The Hessian of a call, and its gradient as nodes, against the ops.
fn second_of_call(graph: &Graph, (l, inputs): (NodeId, &[NodeId]), whole: &Graph, (y, x): (NodeId, &[NodeId])) {
    let first = graph.gradient_nodes(l, inputs);
    let (hessian, nodes) = (whole.hessian(y, x), whole.gradient_nodes(y, x));
    let all = steps(graph);
    for (k, &node) in first.iter().enumerate() {
        let Some(sizes) = sizes(&all, node.index()) else { continue };
        let expected = graph.gradient(node, inputs);
        let by_nodes = whole.gradient(nodes[k], x);
        for (j, input) in inputs.iter().enumerate() {
            for (route, got) in [("as numbers", hessian[k][j]), ("as nodes", by_nodes[j])] {
                let size = sizes[input.index()];
                assert!(
                    near(got, expected[j], size, graph.len()),
                    "d{k}{j} of a call: {route} {got:e}, by ops {:e}",
                    expected[j]
                );
            }
        }
    }
}

/// A program of a graph that calls a statement and, with its value, an external function: every way to run it, and what
/// is recorded again.
pub(crate) fn programs(plan: &Plan) {
    let Recorded { graph, inputs, outputs } = plan.record(false);
    let function = Recording::of(&graph, &inputs, outputs[0]).without_nan();
    let statement = Statement::new("inner", INPUTS, function.clone());
    let external: Arc<dyn External> = Arc::new(function.clone());
    let whole = Graph::new();
    let x = whole.leaves(&plan.x);
    let inner = whole.call_node(&statement, &x);
    let l = whole.try_external_nodes(Arc::clone(&external), &[x[1], x[2], inner]).expect("it is never NaN")[0];
    let mut outputs = vec![l, inner];
    if plan.flag(0) {
        outputs.extend(whole.gradient_nodes(l, &x));
    }
    let program = plan.compile(&whole, &x, &outputs);
    let loaded = plan.run(&program, &[external]);

    let again = Graph::new();
    let leaves = again.leaves(&plan.x);
    let nodes = loaded.record(&again, &leaves).expect("its own inputs");
    for (&node, &output) in nodes.iter().zip(&outputs) {
        assert_eq!(bits(again.value(node)), bits(whole.value(output)), "recorded again\n{program}");
    }
    // The terms of all derivatives, from a graph without calls.
    let flat = Graph::new();
    let at: Vec<Expr<'_>> = flat.leaves(&plan.x).into_iter().map(|x| flat.expr(x)).collect();
    let inner = function.call(&at);
    let l_flat = node(&flat, function.call(&[at[1], at[2], inner]));
    let Some(sizes) = sizes(&steps(&flat), l_flat.index()) else { return };
    let expected = flat.gradient(l_flat, &at.iter().map(|x| x.id()).collect::<Vec<_>>());
    let swept = [whole.try_gradient(l, &x), again.try_gradient(nodes[0], &leaves)];
    for gradient in swept.into_iter().flatten() {
        for (k, input) in at.iter().enumerate() {
            let size = sizes[input.id().index()];
            let near = near(gradient[k], expected[k], size, flat.len());
            assert!(near, "d{k}: through calls {:e}, by ops {:e}", gradient[k], expected[k]);
        }
    }
    for (k, input) in at.iter().enumerate().filter(|_| plan.flag(0)) {
        let (got, size) = (whole.value(outputs[2 + k]), sizes[input.id().index()]);
        assert!(near(got, expected[k], size, flat.len()), "d{k}: as nodes {got:e}, by ops {:e}", expected[k]);
    }
}

/// The node of an expression; a number becomes one.
fn node(graph: &Graph, x: Expr<'_>) -> NodeId {
    match x.graph() {
        Some(_) => x.id(),
        None => graph.constant(x.value()),
    }
}
