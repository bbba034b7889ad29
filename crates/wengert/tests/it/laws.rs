//! Laws of derivatives on random expressions of all ops: every route gives the chain rule's sum over paths, within the
//! rounding error of such a sum.
//!
//! The tests compute this sum from the partials of single ops, each recorded alone. The sum of the absolute values over
//! the same paths is the scale for rounding errors.

use crate::common::dag::{LEAVES, Recipe, Step, recipes};
use proptest::prelude::*;
use wengert::{Dual, Graph, Imm, NO_IMM, NodeId, Op, Scalar, Series};

/// The partials of one op, and the derivatives of those.
fn local(op: Op, imm: Imm, args: &[f64]) -> (Vec<f64>, Vec<Vec<f64>>) {
    let g = Graph::new();
    let x = g.leaves(args);
    let node = g.try_record(op, imm, &x).expect("recipes are right");
    (g.vjp(&[(node, 1.0)], &x), g.hessian(node, &x))
}

/// Whether values and derivatives are of middling size, so that bounds stay tight.
pub(crate) fn tame(op: Op, imm: Imm, args: &[f64], value: f64) -> bool {
    let small = |x: f64, most: f64| x.abs() <= most;
    let (first, second) = local(op, imm, args);
    small(value, 100.0) && first.iter().all(|&p| small(p, 30.0)) && second.iter().flatten().all(|&p| small(p, 100.0))
}

/// As [`tame`], and far from any kink or jump.
pub(crate) fn smooth(op: Op, imm: Imm, args: &[f64], value: f64) -> bool {
    const NOT: [Op; 27] = [
        Op::Abs,
        Op::Sign,
        Op::Step,
        Op::Relu,
        Op::Floor,
        Op::Ceil,
        Op::Round,
        Op::Trunc,
        Op::Fract,
        Op::Flat,
        Op::Max,
        Op::Min,
        Op::Rem,
        Op::Copysign,
        Op::Select,
        Op::Prefer,
        Op::Detach,
        Op::Lt,
        Op::Le,
        Op::Gt,
        Op::Ge,
        Op::Eq,
        Op::Ne,
        Op::MaxOf,
        Op::MinOf,
        Op::Gdiv,
        Op::Norm,
    ];
    !NOT.contains(&op) && tame(op, imm, args, value)
}

/// Recipes of up to `most` steps, and the sum of all nodes, so that every step counts.
pub(crate) fn sums(most: usize, keeps: fn(Op, Imm, &[f64], f64) -> bool) -> impl Strategy<Value = Recipe> {
    recipes(most, keeps).prop_map(|mut recipe| {
        let operands = (0..FIRST + recipe.steps.len()).collect();
        recipe.steps.push(Step { op: Op::Sum, imm: NO_IMM, operands });
        recipe
    })
}

/// The places of a step's operands, its partials, the derivatives of those.
type Partials = (Vec<usize>, Vec<f64>, Vec<Vec<f64>>);

/// A recipe's values, and the chain rule on it.
pub(crate) struct Oracle {
    pub(crate) values: Vec<f64>,
    steps: Vec<Partials>,
}

/// Where the steps begin.
const FIRST: usize = LEAVES + 2;

impl Oracle {
    pub(crate) fn new(recipe: &Recipe) -> Oracle {
        let values = recipe.run(|v, _| v, |c| c, f64::apply);
        let steps = recipe.steps.iter().map(|Step { op, imm, operands }| {
            let args: Vec<f64> = operands.iter().map(|&x| values[x]).collect();
            let (first, second) = local(*op, *imm, &args);
            (operands.clone(), first, second)
        });
        Oracle { steps: steps.collect(), values }
    }

    /// The adjoint of every node, for seeds at some nodes. `of` is applied to every seed and partial.
    pub(crate) fn adjoints(&self, seeds: &[(usize, f64)], of: fn(f64) -> f64) -> Vec<f64> {
        let mut bars = vec![0.0; self.values.len()];
        for &(node, seed) in seeds {
            bars[node] += of(seed);
        }
        for (k, (operands, partials, _)) in self.steps.iter().enumerate().rev() {
            for (&x, &p) in operands.iter().zip(partials) {
                bars[x] += bars[FIRST + k] * of(p);
            }
        }
        bars
    }

    /// The tangent of every node, likewise.
    fn tangents(&self, seeds: &[f64; LEAVES], of: fn(f64) -> f64) -> Vec<f64> {
        let mut tangents: Vec<f64> = seeds.iter().map(|&t| of(t)).collect();
        tangents.resize(FIRST, 0.0);
        for (operands, partials, _) in &self.steps {
            tangents.push(operands.iter().zip(partials).map(|(&x, &p)| tangents[x] * of(p)).sum());
        }
        tangents
    }

    /// The Hessian of a node with respect to the leaves. `of` is applied to every partial, and a multiple of `slack` is
    /// added to every second partial.
    fn hessian(&self, l: usize, of: fn(f64) -> f64, slack: f64) -> [[f64; LEAVES]; LEAVES] {
        let bars = self.adjoints(&[(l, 1.0)], of);
        let tangents: [Vec<f64>; LEAVES] = std::array::from_fn(|i| {
            let mut seed = [0.0; LEAVES];
            seed[i] = 1.0;
            self.tangents(&seed, of)
        });
        let mut h = [[0.0; LEAVES]; LEAVES];
        for (k, (operands, first, second)) in self.steps.iter().enumerate() {
            for (p, &x) in operands.iter().enumerate() {
                for (q, &y) in operands.iter().enumerate() {
                    let partial = of(second[p][q]) + slack * (1.0 + first[p].abs()) * (1.0 + first[q].abs());
                    for i in 0..LEAVES {
                        for j in 0..LEAVES {
                            h[i][j] += bars[FIRST + k] * partial * tangents[i][x] * tangents[j][y];
                        }
                    }
                }
            }
        }
        h
    }
}

fn itself(x: f64) -> f64 {
    x
}

/// Asserts that each number is what it should be within `share` of its bound.
macro_rules! prop_assert_within {
    ($share:expr, $got:expr, $want:expr, $bound:expr, $what:expr) => {
        for (k, ((got, want), bound)) in $got.iter().zip(&$want).zip(&$bound).enumerate() {
            let off = (got - want).abs();
            prop_assert!(
                off <= $share * bound + 1e-300,
                "{}, number {k}: {got:?} for {want:?}, off {off:e}, bound {bound:e}",
                $what
            );
        }
    };
}

/// The allowed error of a first derivative, as a share of its bound: fifty operations in a row, each off by 2^-53 of
/// the bound, make 5e-15 of it.
const FIRST_ORDER: f64 = 5e-15;

/// The same for second derivatives. They have several rounded factors, and the routes use different formulas.
const SECOND_ORDER: f64 = 3e-14;

fn values(g: &Graph, nodes: &[NodeId]) -> Vec<f64> {
    nodes.iter().map(|&node| g.value(node)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn every_route_gives_the_chain_rules_gradient(recipe in sums(30, tame)) {
        let oracle = Oracle::new(&recipe);
        let g = Graph::new();
        let nodes = recipe.record(&g);
        let (x, last) = (&nodes[..LEAVES], nodes.len() - 1);
        let l = nodes[last];
        let (want, bound) = (oracle.adjoints(&[(last, 1.0)], itself), oracle.adjoints(&[(last, 1.0)], f64::abs));

        g.backward(l);
        // Nodes that want no gradient read as 0.
        let wanted: Vec<f64> =
            nodes.iter().zip(&want).map(|(&n, &w)| if g.node(n).wants_gradient { w } else { 0.0 }).collect();
        let grads: Vec<f64> = nodes.iter().map(|&n| g.grad(n)).collect();
        prop_assert_within!(FIRST_ORDER, grads, wanted, bound, "backward");
        let duals = recipe.run(Dual::<LEAVES>::input, Dual::new, Scalar::apply);
        prop_assert_within!(FIRST_ORDER, duals[last].tangents, want, bound, "duals");
        prop_assert_within!(FIRST_ORDER, g.jacobian(&[l], x)[0], want, bound, "a Jacobian swept back");
        prop_assert_within!(FIRST_ORDER, g.jacobian(&[l, l, l], x)[2], want, bound, "a Jacobian swept forward");
        prop_assert_within!(FIRST_ORDER, g.sparse_jacobian(&[l], x).to_dense()[0], want, bound, "a sparse Jacobian");
        let as_graph = g.gradient_nodes(l, x);
        prop_assert_within!(FIRST_ORDER, values(&g, &as_graph), want, bound, "the gradient as graph");
        let one = g.constant(1.0);
        for k in 0..LEAVES {
            let pushed = g.jvp_nodes(&[(x[k], one)], &[l]);
            prop_assert_within!(FIRST_ORDER, values(&g, &pushed), want[k..], bound[k..], "a pushforward");
            let series = recipe.run(
                |v, leaf| if leaf == k { Series::<2>::moving(v, 1.0) } else { Series::new(v) },
                Series::new,
                Scalar::apply,
            );
            prop_assert_within!(FIRST_ORDER, [series[last].coefficients[1]], want[k..], bound[k..], "series");
        }
    }

    #[test]
    fn a_sweep_back_is_the_transpose_of_a_sweep_forward(
        recipe in sums(30, tame),
        direction in prop::array::uniform4(-1.0..1.0f64),
        outputs in prop::collection::vec((any::<prop::sample::Index>(), -1.0..1.0f64), 1..5),
    ) {
        let oracle = Oracle::new(&recipe);
        let g = Graph::new();
        let nodes = recipe.record(&g);
        let x = &nodes[..LEAVES];
        let outputs: Vec<(usize, f64)> = outputs.iter().map(|(at, seed)| (at.index(nodes.len()), *seed)).collect();
        let seeds: Vec<(NodeId, f64)> = outputs.iter().map(|&(at, seed)| (nodes[at], seed)).collect();
        let tangents: Vec<(NodeId, f64)> = x.iter().copied().zip(direction).collect();
        let ends: Vec<NodeId> = seeds.iter().map(|&(node, _)| node).collect();
        let (back, forth) = (g.vjp(&seeds, x), g.jvp(&tangents, &ends));
        let by_back: f64 = back.iter().zip(direction).map(|(a, b)| a * b).sum();
        let by_forth: f64 = forth.iter().zip(&seeds).map(|(a, (_, b))| a * b).sum();
        let bars = oracle.adjoints(&outputs, f64::abs);
        let bound: f64 = bars.iter().zip(direction).map(|(a, b)| a * b.abs()).sum();
        prop_assert_within!(FIRST_ORDER, [by_back], [by_forth], [bound], "the transpose");
        // And as graph nodes.
        let seed_nodes: Vec<(NodeId, NodeId)> = seeds.iter().map(|&(end, seed)| (end, g.constant(seed))).collect();
        let tangent_nodes: Vec<(NodeId, NodeId)> = tangents.iter().map(|&(leaf, t)| (leaf, g.constant(t))).collect();
        prop_assert_within!(FIRST_ORDER, values(&g, &g.vjp_nodes(&seed_nodes, x)), back, bars, "a pullback as graph");
        let bound: Vec<f64> = oracle.tangents(&direction, f64::abs);
        let bound: Vec<f64> = outputs.iter().map(|&(at, _)| bound[at]).collect();
        let pushed = g.jvp_nodes(&tangent_nodes, &ends);
        prop_assert_within!(FIRST_ORDER, values(&g, &pushed), forth, bound, "a pushforward as graph");
    }

    #[test]
    fn seeds_are_linear(
        recipe in sums(30, tame),
        [a, b] in prop::array::uniform2(any::<prop::sample::Index>()),
        [s, t] in prop::array::uniform2(-3.0..3.0f64),
    ) {
        let oracle = Oracle::new(&recipe);
        let g = Graph::new();
        let nodes = recipe.record(&g);
        let [a, b] = [a, b].map(|at| at.index(nodes.len()));
        let both = g.vjp(&[(nodes[a], s), (nodes[b], t)], &nodes);
        let (of_a, of_b) = (g.vjp(&[(nodes[a], 1.0)], &nodes), g.vjp(&[(nodes[b], 1.0)], &nodes));
        let sum: Vec<f64> = of_a.iter().zip(&of_b).map(|(p, q)| s * p + t * q).collect();
        let bound = oracle.adjoints(&[(a, s), (b, t)], f64::abs);
        prop_assert_within!(FIRST_ORDER, both, sum, bound, "the sum of seeds");
        let doubled = g.vjp(&[(nodes[a], 2.0 * s)], &nodes);
        let single: Vec<f64> = g.vjp(&[(nodes[a], s)], &nodes).iter().map(|p| 2.0 * p).collect();
        prop_assert_eq!(doubled, single, "twice the seed is twice the gradient, to the bit");
    }

    #[test]
    fn every_route_gives_the_chain_rules_hessian_and_it_is_symmetric(
        recipe in sums(16, tame),
        direction in prop::array::uniform4(-1.0..1.0f64),
    ) {
        let oracle = Oracle::new(&recipe);
        let g = Graph::new();
        let nodes = recipe.record(&g);
        let (x, last) = (&nodes[..LEAVES], nodes.len() - 1);
        let (want, bound) = (oracle.hessian(last, itself, 0.0), oracle.hessian(last, f64::abs, 1.0));
        let h = g.hessian(nodes[last], x);
        let sparse = g.sparse_hessian(nodes[last], x).to_dense();
        let gradient = g.gradient_nodes(nodes[last], x);
        let (forward, back) = (g.jacobian(&gradient, x), gradient.iter().map(|&p| g.vjp(&[(p, 1.0)], x)));
        for (row, back) in back.enumerate() {
            prop_assert_within!(SECOND_ORDER, h[row], want[row], bound[row], format!("row {row}"));
            let column: Vec<f64> = h.iter().map(|other| other[row]).collect();
            prop_assert_within!(SECOND_ORDER, h[row], column, bound[row], format!("row and column {row}"));
            prop_assert_within!(SECOND_ORDER, sparse[row], h[row], bound[row], format!("sparse row {row}"));
            prop_assert_within!(SECOND_ORDER, forward[row], h[row], bound[row], format!("gradient {row}, swept forward"));
            prop_assert_within!(SECOND_ORDER, back, h[row], bound[row], format!("gradient {row}, swept back"));
        }
        let product: Vec<f64> = h.iter().map(|row| row.iter().zip(direction).map(|(a, b)| a * b).sum()).collect();
        let bound: Vec<f64> = bound.iter().map(|row| row.iter().zip(direction).map(|(a, b)| a * b.abs()).sum()).collect();
        prop_assert_within!(SECOND_ORDER, g.hvp(nodes[last], x, &direction), product, bound, "the product with a direction");
        let twist = 2.0 * g.taylor::<3>(nodes[last], x, &direction)[2];
        let curvature: f64 = product.iter().zip(direction).map(|(a, b)| a * b).sum();
        let whole: f64 = bound.iter().zip(direction).map(|(a, b)| a * b.abs()).sum();
        prop_assert_within!(SECOND_ORDER, [twist], [curvature], [whole], "the second Taylor coefficient");
    }

    #[test]
    fn the_hessian_is_the_difference_of_the_gradient_as_graph(recipe in sums(12, smooth), leaf in 0..LEAVES) {
        let mut g = Graph::new();
        let nodes = recipe.record(&g);
        let (x, l) = (&nodes[..LEAVES], nodes[nodes.len() - 1]);
        let column: Vec<f64> = g.hessian(l, x).iter().map(|row| row[leaf]).collect();
        let gradient = g.gradient_nodes(l, x);
        let mut gradient_at = |step: f64| {
            g.set(x[leaf], recipe.leaves[leaf] + step);
            g.forward().unwrap();
            values(&g, &gradient)
        };
        let mut difference = |step: f64| -> Vec<f64> {
            let (above, below) = (gradient_at(step), gradient_at(-step));
            above.iter().zip(&below).map(|(a, b)| (a - b) / (2.0 * step)).collect()
        };
        let (coarse, fine) = (difference(1e-4), difference(5e-5));
        for k in 0..LEAVES {
            // Where the steps are too long for the curve, or rounding too coarse, differences say nothing.
            let scale = 1.0 + fine[k].abs();
            prop_assume!((coarse[k] - fine[k]).abs() <= 1e-5 * scale);
            prop_assert!((column[k] - fine[k]).abs() <= 1e-4 * scale, "H({k}, {leaf}) is {} for {}", column[k], fine[k]);
        }
    }
}

#[test]
fn recipes_use_the_whole_table() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut used = std::collections::HashSet::new();
    let mut steps = 0;
    for _ in 0..400 {
        let recipe = recipes(30, tame).new_tree(&mut runner).unwrap().current();
        steps += recipe.steps.len();
        used.extend(recipe.steps.iter().map(|step| step.op));
    }
    let sources = |op: &&Op| matches!(op, Op::Leaf | Op::Const);
    let missing: Vec<&Op> = Op::ALL.iter().filter(|op| !sources(op) && !used.contains(op)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(steps > 3000, "{steps} steps of 400 recipes");
}
