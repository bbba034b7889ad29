//! Other derivatives as contenders: Hessian times vector, duals without a tape, the gradient as graph nodes.

use crate::engines::agree;
use crate::engines::wengert::graph;
use crate::measure::{Contender, Figure, Part, Times, Yardstick, mean};
use crate::random::SplitMix64;
use crate::workloads::Workload;
use std::hint::black_box;
use std::time::{Duration, Instant};
use wengert::{Dual, Expr, Graph, NodeId};

/// The Hessian times a vector, on a workload that was recorded once.
#[derive(Debug)]
pub struct Hvp {
    graph: Graph,
    output: NodeId,
    inputs: Vec<NodeId>,
    direction: Vec<f64>,
    product: Vec<f64>,
}

impl Hvp {
    /// The workload, recorded, and a random direction.
    pub fn new(workload: &impl Workload) -> Self {
        let graph = graph(workload.ops());
        let inputs = graph.leaves(workload.inputs());
        let x: Vec<Expr<'_>> = inputs.iter().map(|&id| graph.expr(id)).collect();
        let output = workload.body(0, &x).id();
        let mut random = SplitMix64::new(7);
        let direction = inputs.iter().map(|_| random.symmetric()).collect();
        Self { graph, output, inputs, direction, product: Vec::new() }
    }
}

impl Contender for Hvp {
    fn name(&self) -> &str {
        "hvp"
    }

    fn yardsticks(&self) -> &'static [Yardstick] {
        &[
            Yardstick { label: "xbackward", contender: "wengert", part: Part::Backward },
            Yardstick { label: "xwengert", contender: "wengert", part: Part::Total },
        ]
    }

    fn run(&mut self, repetitions: usize) -> Times {
        let start = Instant::now();
        for _ in 0..repetitions {
            self.product = self.graph.hvp(self.output, &self.inputs, black_box(&self.direction));
            black_box(&self.product);
        }
        Times { record: None, backward: None, total: mean(start.elapsed(), repetitions) }
    }
}

/// Value and gradient in one pass over duals with `N` tangents, for a workload of up to `N` inputs. `N` is the number
/// of inputs, rounded up as in `wengert::function_gradient`.
#[derive(Debug)]
pub struct Duals<'w, W, const N: usize> {
    workload: &'w W,
    next: usize,
}

impl<'w, W: Workload, const N: usize> Duals<'w, W, N> {
    /// The workload, its gradient checked on up to ten data sets.
    ///
    /// # Errors
    /// A message, if the workload has more than `N` inputs, or if the gradient is not the hand-written one.
    pub fn new(workload: &'w W) -> Result<Self, String> {
        let x = workload.inputs();
        if x.len() > N {
            return Err(format!("{} inputs, more than {N}", x.len()));
        }
        let duals = Self { workload, next: 0 };
        let mut scratch = workload.scratch();
        let mut expected = vec![0.0; x.len()];
        for case in 0..workload.cases().min(10) {
            let by_hand = workload.by_hand(case, x, &mut scratch, &mut expected);
            let (value, gradient) = duals.gradient(case);
            agree("dual", workload.name(), [value, by_hand], [&gradient[..x.len()], &expected])?;
        }
        Ok(duals)
    }

    fn gradient(&self, case: usize) -> (f64, [f64; N]) {
        let workload = black_box(self.workload);
        let x = black_box(workload.inputs());
        let inputs: [Dual<N>; N] = std::array::from_fn(|k| x.get(k).map_or(Dual::new(0.0), |&x| Dual::input(x, k)));
        let result = workload.body(case, &inputs[..x.len()]);
        (result.value, result.tangents)
    }
}

impl<W: Workload, const N: usize> Contender for Duals<'_, W, N> {
    fn name(&self) -> &str {
        "dual"
    }

    fn yardsticks(&self) -> &'static [Yardstick] {
        &[Yardstick { label: "xwengert", contender: "wengert", part: Part::Total }]
    }

    fn run(&mut self, repetitions: usize) -> Times {
        let start = Instant::now();
        for _ in 0..repetitions {
            let case = self.next;
            self.next = (case + 1) % self.workload.cases();
            black_box(self.gradient(case));
        }
        Times { record: None, backward: None, total: mean(start.elapsed(), repetitions) }
    }
}

/// Records a workload and then its gradient as further nodes. There is no sweep.
#[derive(Debug)]
pub struct GradientGraph<'w, W> {
    workload: &'w W,
    graph: Graph,
    /// The number of nodes of the workload alone, and of the workload with its gradient.
    nodes: [usize; 2],
}

impl<'w, W: Workload> GradientGraph<'w, W> {
    /// The workload with its gradient, checked.
    ///
    /// # Errors
    /// A message, if the nodes' values are not the hand-written gradient.
    pub fn new(workload: &'w W) -> Result<Self, String> {
        let x = workload.inputs();
        let mut derived = Self { workload, graph: graph(4 * workload.ops()), nodes: [0; 2] };
        let mut expected = vec![0.0; x.len()];
        let by_hand = workload.by_hand(0, x, &mut workload.scratch(), &mut expected);
        let (value, gradient, _) = derived.derive();
        let gradient: Vec<f64> = gradient.iter().map(|&node| derived.graph.value(node)).collect();
        let value = derived.graph.value(value);
        agree("gradient-graph", workload.name(), [value, by_hand], [&gradient, &expected])?;
        Ok(derived)
    }

    /// Records the workload and its gradient. Returns the output, the gradient nodes and the time of each recording.
    fn derive(&mut self) -> (NodeId, Vec<NodeId>, [Duration; 2]) {
        let start = Instant::now();
        self.graph.reset();
        let inputs = self.graph.leaves(self.workload.inputs());
        let x: Vec<Expr<'_>> = inputs.iter().map(|&id| self.graph.expr(id)).collect();
        let output = black_box(self.workload).body(0, &x).id();
        let recorded = Instant::now();
        let nodes = self.graph.len();
        let gradient = self.graph.gradient_nodes(output, &inputs);
        let end = Instant::now();
        self.nodes = [nodes, self.graph.len()];
        (output, gradient, [recorded - start, end - recorded])
    }
}

impl<W: Workload> Contender for GradientGraph<'_, W> {
    fn name(&self) -> &str {
        "gradient-graph"
    }

    fn figures(&self) -> Vec<Figure> {
        let [alone, with_gradient] = self.nodes.map(|nodes| nodes as f64);
        vec![("nodes", alone), ("with-gradient", with_gradient), ("xnodes", with_gradient / alone)]
    }

    fn run(&mut self, repetitions: usize) -> Times {
        let mut sum = [Duration::ZERO; 2];
        for _ in 0..repetitions {
            let times = self.derive().2;
            sum = [sum[0] + times[0], sum[1] + times[1]];
        }
        let [record, derive] = sum.map(|time| mean(time, repetitions));
        Times { record: Some(record), backward: Some(derive), total: record + derive }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workloads::{asian, chain, lecture, mixture, perceptron, rosenbrock};

    /// Against central differences of the hand-written gradient.
    fn hvp_is_right<W: Workload>(workload: &W) {
        let mut hvp = Hvp::new(workload);
        hvp.run(1);
        let mut scratch = workload.scratch();
        let h = 1e-5;
        let mut gradient_at = |s: f64| {
            let x: Vec<f64> = workload.inputs().iter().zip(&hvp.direction).map(|(x, d)| x + s * d).collect();
            let mut gradient = vec![0.0; x.len()];
            workload.by_hand(0, &x, &mut scratch, &mut gradient);
            gradient
        };
        let (above, below) = (gradient_at(h), gradient_at(-h));
        let size = hvp.product.iter().fold(0.0f64, |m, p| m.max(p.abs()));
        for ((p, a), b) in hvp.product.iter().zip(above).zip(below) {
            let difference = (a - b) / (2.0 * h);
            assert!((p - difference).abs() <= 1e-6 * size, "{}: {p}, by differences {difference}", workload.name());
        }
    }

    #[test]
    fn hessian_vector_products_are_slopes_of_the_gradient() {
        hvp_is_right(&rosenbrock::Rosenbrock::new(50));
        hvp_is_right(&perceptron::Perceptron::<false>::new());
        hvp_is_right(&asian::Asian::new(1));
        hvp_is_right(&mixture::Mixture::new("W6-2x5", 2, 5, 20));
    }

    #[test]
    fn duals_and_gradient_graphs_compute_the_hand_written_gradients() {
        Duals::<_, 4>::new(&lecture::Lecture::new()).unwrap();
        Duals::<_, 2>::new(&chain::Chain::new("W2", 100)).unwrap();
        Duals::<_, 4>::new(&asian::Asian::new(3)).unwrap();
        assert!(Duals::<_, 2>::new(&asian::Asian::new(3)).is_err());
        GradientGraph::new(&rosenbrock::Rosenbrock::new(50)).unwrap();
        GradientGraph::new(&asian::Asian::new(1)).unwrap();
        GradientGraph::new(&mixture::Mixture::new("W6-2x5", 2, 5, 20)).unwrap();
    }

    #[test]
    fn the_gradient_graph_of_the_perceptron_stays_small() {
        let perceptron = perceptron::Perceptron::<false>::new();
        let [alone, with_gradient] = GradientGraph::new(&perceptron).unwrap().nodes;
        assert!(2 * with_gradient <= 7 * alone, "{alone} nodes, {with_gradient} with the gradient");
    }
}
