//! Random graphs of every op through every way to evaluate them: reverse sweeps, duals, series, gradients and Hessians
//! as numbers and as graph, sparse ones, programs, machine code, and programs recorded again. [`calls`] evaluates the whole
//! as one call, and compiles graphs with calls.

use std::sync::Arc;

use arbitrary::{Arbitrary, Result, Unstructured};
use wengert::{Dual, External, Graph, Imm, NodeId, Op, Scalar, Series};
use wengert_program::{Input, Native, Options, Output, Program, Setup, Workspace};

use crate::batches;
use crate::calls;
use crate::dag::{self, Recorded, bits};
use crate::model::same;

/// How many inputs a graph has.
pub(crate) const INPUTS: usize = 3;

/// A graph and how to compile it.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Bits: derive, three uniform inputs, outputs are sums, fuse, plain passes, a guard.
    flags: u8,
    pub(crate) x: [f64; INPUTS],
    constants: [f64; 2],
    nodes: Vec<(usize, [usize; 4])>,
}

/// A number: special, a multiple of 1/8192 up to 4, or any.
fn number(bytes: &mut Unstructured<'_>) -> Result<f64> {
    const SPECIAL: [f64; 24] = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        2.0,
        0.5,
        -0.5,
        3.0,
        2.5,
        1e-310,
        -5e-324,
        1e-200,
        1e300,
        -1e300,
        -700.0,
        710.0,
        3e9,
        1e16,
        f64::MAX,
        f64::MIN_POSITIVE,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
        0.1,
    ];
    let kind = u8::arbitrary(bytes)?;
    match SPECIAL.get(usize::from(kind)) {
        Some(&special) => Ok(special),
        None if kind < 240 => Ok(f64::from(i16::arbitrary(bytes)?) / 8192.0),
        None => Ok(f64::from_bits(u64::arbitrary(bytes)?)),
    }
}

impl<'a> Arbitrary<'a> for Plan {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Plan> {
        let flags = u8::arbitrary(bytes)?;
        let x = [number(bytes)?, number(bytes)?, number(bytes)?];
        let constants = [number(bytes)?, number(bytes)?];
        let mut nodes = Vec::new();
        while !bytes.is_empty() && nodes.len() < 60 {
            let [op, at @ ..] = <[u8; 5]>::arbitrary(bytes)?;
            nodes.push((usize::from(op), at.map(usize::from)));
        }
        Ok(Plan { flags, x, constants, nodes })
    }
}

/// The bytes are flags, five numbers, and five bytes for each node.
pub fn routes(bytes: &[u8]) {
    if let Ok(plan) = Plan::arbitrary(&mut Unstructured::new(bytes)) {
        derivatives(&plan);
        calls::calls(&plan);
        programs(&plan);
        calls::programs(&plan);
    }
}

impl Plan {
    pub(crate) fn flag(&self, k: usize) -> bool {
        self.flags >> k & 1 == 1
    }

    pub(crate) fn record(&self, derive: bool) -> Recorded {
        dag::record(&self.nodes, &self.constants, derive, &self.x)
    }

    /// Compiles outputs of a graph as the flags say.
    pub(crate) fn compile(&self, graph: &Graph, inputs: &[NodeId], outputs: &[NodeId]) -> Program {
        let spread = |(k, &x): (usize, &NodeId)| if self.flag(k + 1) { Input::uniform(x) } else { Input::per_point(x) };
        let output = |&y: &NodeId| if self.flag(4) { Output::sum(y) } else { Output::per_point(y) };
        let options = if self.flag(6) { Options::plain() } else { Options::new() }.fuse(self.flag(5));
        Program::compile(graph, inputs.iter().enumerate().map(spread), outputs.iter().map(output), &options)
            .expect("compiles")
    }

    /// Runs a program alone and in batches, interpreted and as machine code, saved and loaded: the same bits. Returns what
    /// was loaded.
    pub(crate) fn run(&self, program: &Program, externals: &[Arc<dyn External>]) -> Program {
        let ([x, y, z], [c, d]) = (self.x, self.constants);
        let points = [vec![x, y, z], vec![z, x, y], vec![c, d, 1.0]];
        for points in [&points[..1], &points[..]] {
            if let Err(what) = batches::check(program, points, 67, &[4, 12, 1024], &[1, 2]) {
                panic!("{what}\n{program}");
            }
        }
        let loaded = Program::from_bytes_with(&program.to_bytes(), externals).expect("its own bytes");
        if program.prepare().is_ok() {
            let run = |program: &Program, x: &[f64], native| {
                let mut out = vec![0.0; program.output_count()];
                let result = program.eval(x, &mut out, &mut Workspace::with(Setup::new().native(native)));
                result.map(|()| out.into_iter().map(bits).collect::<Vec<_>>()).map_err(|error| error.to_string())
            };
            for x in &points {
                let interpreted = run(program, x, Native::Never);
                assert_eq!(run(program, x, Native::Always), interpreted, "at {x:?}\n{program}");
                assert_eq!(run(&loaded, x, Native::Never), interpreted, "loaded, at {x:?}\n{program}");
            }
        }
        loaded
    }
}

/// A node with the partial of each of its operands.
pub(crate) struct Step {
    operands: Vec<usize>,
    partials: Vec<f64>,
    value: f64,
}

/// Every node, with partials from duals.
pub(crate) fn steps(graph: &Graph) -> Vec<Step> {
    let partial = |op: Op, imm: Imm, values: &[f64], k: usize| {
        let input = |(j, &x): (usize, &f64)| if j == k { Dual::<1>::input(x, 0) } else { Dual::new(x) };
        let args: Vec<Dual<1>> = values.iter().enumerate().map(input).collect();
        Dual::apply(op, imm, &args).tangents[0]
    };
    let step = |node: wengert::Node| {
        let operands: Vec<usize> = node.operands.iter().map(|x| x.index()).collect();
        let values: Vec<f64> = node.operands.iter().map(|&x| graph.value(x)).collect();
        let partials = match node.op {
            op if op.stops_gradient() => vec![0.0; operands.len()],
            op => (0..operands.len()).map(|k| partial(op, node.imm, &values, k)).collect(),
        };
        if !operands.is_empty() {
            let value = f64::apply(node.op, node.imm, &values);
            assert_eq!(bits(value), bits(node.value), "{} = {}{values:?}", node.id, node.op);
        }
        Step { operands, partials, value: node.value }
    };
    graph.nodes().map(step).collect()
}

/// For every node the sum over all paths from `l` of the magnitudes of the products of partials: the size of the terms
/// that any route adds up, which bounds its rounding errors. `None` where a number is too large or too small to tell.
pub(crate) fn sizes(steps: &[Step], l: usize) -> Option<Vec<f64>> {
    let moderate = |x: f64| x == 0.0 || (1e-60..1e60).contains(&x.abs());
    let mut sizes = vec![0.0; steps.len()];
    sizes[l] = 1.0;
    for k in (0..=l).rev().filter(|&k| !steps[k].operands.is_empty()) {
        let size = sizes[k];
        if size == 0.0 {
            continue;
        }
        if !moderate(steps[k].value) || !moderate(size) {
            return None;
        }
        for (&x, &partial) in steps[k].operands.iter().zip(&steps[k].partials) {
            if !moderate(partial) {
                return None;
            }
            sizes[x] += size * partial.abs();
        }
    }
    Some(sizes)
}

/// Whether two routes agree: the terms have this size, and each is rounded less than a hundred times a node.
pub(crate) fn near(got: f64, expected: f64, size: f64, nodes: usize) -> bool {
    (got - expected).abs() <= 1e-14 * nodes as f64 * size
}

fn derivatives(plan: &Plan) {
    let Recorded { graph, inputs, outputs } = plan.record(false);
    let l = outputs[0];
    let all = steps(&graph);
    graph.backward(l);
    let swept: Vec<f64> = graph.nodes().map(|node| graph.grad(node.id)).collect();
    graph.backward_strict(l);
    for node in graph.nodes() {
        let (strict, swept) = (graph.grad(node.id), swept[node.id.index()]);
        assert!(strict.is_nan() || strict == swept, "gradient of {}: {swept}, strictly {strict}", node.id);
    }
    let gradient: Vec<f64> = inputs.iter().map(|x| swept[x.index()]).collect();
    let size = sizes(&all, l.index());
    forward(&graph, l, &inputs, &gradient, size.as_deref());

    let first = graph.gradient_nodes(l, &inputs);
    for (k, (&node, &swept)) in first.iter().zip(&gradient).enumerate() {
        let got = graph.value(node);
        assert!(same(got, swept), "d{k}: as graph {got}, swept {swept}");
    }
    let hessian = graph.hessian(l, &inputs);
    let sparse = graph.sparse_hessian(l, &inputs);
    let direction = [1.0, -2.0, 0.5];
    let product = graph.hvp(l, &inputs, &direction);
    let all = if size.is_some() { steps(&graph) } else { vec![] };
    for (k, &node) in first.iter().enumerate() {
        let finite = hessian[k].iter().all(|h| h.is_finite());
        for j in (0..INPUTS).filter(|&j| finite && !sparse.pattern().contains(k, j)) {
            assert!(hessian[k][j] == 0.0, "d{k}{j} is {} outside of the pattern", hessian[k][j]);
        }
        if size.is_none() {
            continue;
        }
        let Some(sizes) = sizes(&all, node.index()) else { continue };
        let second = graph.gradient(node, &inputs);
        let mut whole = 0.0;
        for (j, x) in inputs.iter().enumerate() {
            let (size, nodes) = (sizes[x.index()], graph.len());
            whole += size * direction[j].abs();
            for (route, got) in [("dense", hessian[k][j]), ("sparse", sparse.get(k, j))] {
                assert!(near(got, second[j], size, nodes), "d{k}{j}: {route} {got:e}, as graph {:e}", second[j]);
            }
        }
        let expected: f64 = second.iter().zip(direction).map(|(h, d)| h * d).sum();
        assert!(near(product[k], expected, whole, graph.len()), "row {k}: {:e} for {expected:e}", product[k]);
    }
}

/// Duals, series and tangents against the sweep.
fn forward(graph: &Graph, l: NodeId, inputs: &[NodeId], gradient: &[f64], sizes: Option<&[f64]>) {
    let Some(sizes) = sizes else { return };
    let (mut duals, mut series) = (Vec::<Dual<INPUTS>>::new(), Vec::<Series<2>>::new());
    let direction = [1.0, -2.0, 0.5];
    for node in graph.nodes() {
        let place = inputs.iter().position(|&x| x == node.id);
        let (dual, one) = match (place, node.operands.is_empty()) {
            (Some(k), _) => (Dual::input(node.value, k), Series::moving(node.value, direction[k])),
            (None, true) => (Dual::new(node.value), Series::new(node.value)),
            _ => {
                let args: Vec<Dual<INPUTS>> = node.operands.iter().map(|x| duals[x.index()]).collect();
                let terms: Vec<Series<2>> = node.operands.iter().map(|x| series[x.index()]).collect();
                (Dual::apply(node.op, node.imm, &args), Series::apply(node.op, node.imm, &terms))
            }
        };
        duals.push(dual);
        series.push(one);
    }
    let nodes = graph.len();
    let (mut slope, mut whole) = (0.0, 0.0);
    for (k, x) in inputs.iter().enumerate() {
        let size = sizes[x.index()];
        slope += direction[k] * gradient[k];
        whole += direction[k].abs() * size;
        let got = duals[l.index()].tangents[k];
        assert!(near(got, gradient[k], size, nodes), "d{k}: dual {got:e}, swept {:e}, size {size:e}", gradient[k]);
    }
    let seeds: Vec<(NodeId, f64)> = inputs.iter().copied().zip(direction).collect();
    let pushed = graph.jvp(&seeds, &[l])[0];
    assert!(near(pushed, slope, whole, nodes), "along {direction:?}: pushed {pushed:e}, swept {slope:e}");
    let term = series[l.index()].derivative(1);
    assert!(near(term, slope, whole, nodes), "along {direction:?}: series {term:e}, swept {slope:e}");
}

/// A program gives at each point what its ops give, in batches and as machine code too, and is recorded again with the
/// derivatives of its graph.
fn programs(plan: &Plan) {
    let recorded = plan.record(plan.flag(0));
    if let Err(what) = dag::check_every_node(&recorded, &plan.x) {
        panic!("{what}");
    }
    let Recorded { graph, inputs, outputs } = &recorded;
    if plan.flag(7) {
        let middle = graph.get(graph.len() / 2).expect("there are inputs").id;
        let _ = std::hint::black_box(graph.expr(outputs[0]) < graph.expr(middle));
    }
    let program = plan.compile(graph, inputs, outputs);
    let loaded = plan.run(&program, &[]);
    let again = Graph::new();
    let leaves = again.leaves(&plan.x);
    let nodes = loaded.record(&again, &leaves).expect("its own inputs");
    for (&node, &output) in nodes.iter().zip(outputs) {
        assert_eq!(bits(again.value(node)), bits(graph.value(output)), "recorded again\n{program}");
        let [got, expected] = [(&again, node, &leaves), (graph, output, inputs)].map(|(g, l, x)| g.gradient(l, x));
        assert!(got.iter().zip(&expected).all(|(&a, &b)| same(a, b)), "{got:?} for {expected:?}\n{program}");
    }
}
