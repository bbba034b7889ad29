//! Functions of the user's own: through every way to use a graph, against the same formula recorded op by op.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use wengert::{Dual, Error, Expr, External, Graph, NO_IMM, NodeId, Op, Scalar, Series, check_gradient, taylor};

/// Polar to Cartesian coordinates, with everything that a function can have.
struct Polar;

impl External for Polar {
    fn name(&self) -> &str {
        "polar"
    }
    fn shape(&self) -> (usize, usize) {
        (2, 2)
    }
    fn value(&self, x: &[f64], y: &mut [f64]) -> Result<(), String> {
        y.copy_from_slice(&[x[0] * x[1].cos(), x[0] * x[1].sin()]);
        Ok(())
    }
    fn vjp(&self, x: &[f64], y: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), String> {
        let (sin, cos) = x[1].sin_cos();
        xbar.copy_from_slice(&[ybar[0] * cos + ybar[1] * sin, ybar[1] * y[0] - ybar[0] * y[1]]);
        Ok(())
    }
    fn jvp(&self, x: &[f64], y: &[f64], v: &[f64], w: &mut [f64]) -> Result<(), String> {
        let (sin, cos) = x[1].sin_cos();
        w.copy_from_slice(&[v[0] * cos - y[1] * v[1], v[0] * sin + y[0] * v[1]]);
        Ok(())
    }
    fn pullback<'g>(&self, x: &[Expr<'g>], y: &[Expr<'g>], ybar: &[Expr<'g>]) -> Option<Vec<Expr<'g>>> {
        Some(vec![ybar[0] * x[1].cos() + ybar[1] * x[1].sin(), ybar[1] * y[0] - ybar[0] * y[1]])
    }
}

/// The same, with a value and a `vjp` only.
struct Bare;

impl External for Bare {
    fn name(&self) -> &str {
        "bare"
    }
    fn shape(&self) -> (usize, usize) {
        (2, 2)
    }
    fn value(&self, x: &[f64], y: &mut [f64]) -> Result<(), String> {
        Polar.value(x, y)
    }
    fn vjp(&self, x: &[f64], y: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), String> {
        Polar.vjp(x, y, ybar, xbar)
    }
}

/// The same, with second derivatives as numbers.
struct Second;

impl External for Second {
    fn name(&self) -> &str {
        "second"
    }
    fn shape(&self) -> (usize, usize) {
        (2, 2)
    }
    fn value(&self, x: &[f64], y: &mut [f64]) -> Result<(), String> {
        Polar.value(x, y)
    }
    fn vjp(&self, x: &[f64], y: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), String> {
        Polar.vjp(x, y, ybar, xbar)
    }
    fn hvp(&self, x: &[f64], y: &[f64], ybar: &[f64], v: &[f64], xdot: &mut [f64]) -> Option<Result<(), String>> {
        let (sin, cos) = x[1].sin_cos();
        let cross = ybar[1] * cos - ybar[0] * sin;
        xdot.copy_from_slice(&[cross * v[1], cross * v[0] - (ybar[0] * y[0] + ybar[1] * y[1]) * v[1]]);
        Some(Ok(()))
    }
}

/// A function of closures, to be wrong in one way.
struct Made<V, P> {
    shape: (usize, usize),
    value: V,
    vjp: P,
}

impl<V, P> External for Made<V, P>
where
    V: Fn(&[f64], &mut [f64]) -> Result<(), String> + Send + Sync,
    P: Fn(&[f64], &[f64], &mut [f64]) -> Result<(), String> + Send + Sync,
{
    fn name(&self) -> &str {
        "made"
    }
    fn shape(&self) -> (usize, usize) {
        self.shape
    }
    fn value(&self, x: &[f64], y: &mut [f64]) -> Result<(), String> {
        (self.value)(x, y)
    }
    fn vjp(&self, x: &[f64], _: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), String> {
        (self.vjp)(x, ybar, xbar)
    }
}

fn square_value(x: &[f64], y: &mut [f64]) -> Result<(), String> {
    y[0] = x[0] * x[0];
    Ok(())
}

fn square_vjp(x: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), String> {
    xbar[0] = 2.0 * x[0] * ybar[0];
    Ok(())
}

fn square() -> Arc<dyn External> {
    Arc::new(Made { shape: (1, 1), value: square_value, vjp: square_vjp })
}

/// A formula around the function; op by op without one.
fn formula<'g>(g: &'g Graph, f: Option<Arc<dyn External>>, x: &[Expr<'g>]) -> Expr<'g> {
    let (radius, angle) = (x[0] * x[1] + 0.5, x[2].sin() - x[0]);
    let [a, b] = match f {
        Some(f) => g.external(f, &[radius, angle]).try_into().unwrap(),
        None => [radius * angle.cos(), radius * angle.sin()],
    };
    a * b + (b * 0.3).exp() * x[1] - a / x[2]
}

const AT: [f64; 3] = [0.7, 1.3, 2.1];

/// The formula with and without the function: the graphs, the leaves and the outputs.
fn both(f: Arc<dyn External>) -> [(Graph, Vec<NodeId>, NodeId); 2] {
    [Some(f), None].map(|f| {
        let g = Graph::new();
        let x = g.leaves(&AT);
        let l = formula(&g, f, &g.exprs(&x)).id();
        (g, x, l)
    })
}

#[track_caller]
fn close(a: &[f64], b: &[f64]) {
    assert_eq!(a.len(), b.len());
    for (a, b) in a.iter().zip(b) {
        assert!((a - b).abs() <= 1e-13 * (1.0 + b.abs()), "{a} and {b}");
    }
}

fn everything() -> [Arc<dyn External>; 3] {
    [Arc::new(Polar), Arc::new(Bare), Arc::new(Second)]
}

fn name_of(error: &Error) -> &str {
    match error {
        Error::External { name, .. } => name,
        other => panic!("{other}"),
    }
}

#[test]
fn a_call_is_a_node_for_each_output() {
    let g = Graph::new();
    let x = g.leaves(&[2.0, 0.0]);
    let y = g.external_nodes(Arc::new(Polar), &x);
    assert_eq!(g.len(), 4);
    let node = g.node(y[1]);
    assert_eq!((node.op, &node.operands[..], node.value), (Op::External, &x[..], 0.0));
    let external = node.external.unwrap();
    assert_eq!((external.function.name(), external.first, external.output), ("polar", y[0], 1));
    assert_eq!(external.to_string(), "polar[1]");
    assert!(g.node(x[0]).external.is_none());
    // A second call of the same function, with one list of operands more.
    let before = g.memory();
    g.external_nodes(external.function, &x);
    assert_eq!(g.memory() - before, 2 * 16 + 4 * (2 + 4));
}

#[test]
fn gradients_replays_and_products_are_those_of_the_formula() {
    for f in everything() {
        let [(mut g, x, l), (mut h, z, k)] = both(f);
        for at in [AT, [-0.4, 2.0, 1.0]] {
            g.set_all(&x, &at);
            h.set_all(&z, &at);
            assert_eq!((g.forward(), h.forward()), (Ok(()), Ok(())));
            close(&[g.value(l)], &[h.value(k)]);
            close(&g.gradient(l, &x), &h.gradient(k, &z));
            g.backward_strict(l);
            close(&x.iter().map(|&x| g.grad(x)).collect::<Vec<_>>(), &h.gradient(k, &z));
            let [(seeds, more), (other, others)] = [(&x, l), (&z, k)].map(|(x, l)| {
                let seeds: Vec<_> = x.iter().copied().zip([0.3, -1.0, 2.0]).collect();
                (seeds, vec![l, NodeId::clone(&x[0])])
            });
            close(&g.jvp(&seeds, &more), &h.jvp(&other, &others));
        }
    }
}

#[test]
fn jacobians_are_right_forward_and_in_reverse() {
    for f in everything() {
        let g = Graph::new();
        let x = g.leaves(&[2.0, 0.5]);
        let y = g.external_nodes(Arc::clone(&f), &x);
        let (sin, cos) = 0.5f64.sin_cos();
        let rows = [[cos, -2.0 * sin], [sin, 2.0 * cos]];
        for (row, expected) in g.jacobian(&y, &x).iter().zip(&rows) {
            close(row, expected);
        }
        // One output: in reverse, from an output that is not the last, and from the last alone.
        for k in 0..2 {
            close(&g.gradient(y[k], &x), &rows[k]);
            close(&g.jacobian(&y[k..=k], &[x[0], x[1], g.leaf(1.0)])[0][..2], &rows[k]);
        }
        let sparse = g.sparse_jacobian(&y, &x);
        assert_eq!(sparse.to_dense().concat().len(), 4);
        close(&sparse.to_dense().concat(), &rows.concat());
    }
}

#[test]
fn hessians_come_from_hvp_or_pullback() {
    for f in [Arc::new(Polar) as Arc<dyn External>, Arc::new(Second)] {
        let [(g, x, l), (h, z, k)] = both(f);
        close(&g.hessian(l, &x).concat(), &h.hessian(k, &z).concat());
        close(&g.hvp(l, &x, &[0.5, -1.0, 2.0]), &h.hvp(k, &z, &[0.5, -1.0, 2.0]));
        close(&g.sparse_hessian(l, &x).to_dense().concat(), &h.hessian(k, &z).concat());
        // With respect to computed nodes.
        let inner = |g: &Graph| g.nodes().filter(|node| node.op == Op::Mul).map(|node| node.id).next().unwrap();
        close(&g.hessian(l, &[inner(&g), x[2]]).concat(), &h.hessian(k, &[inner(&h), z[2]]).concat());
    }
    let [(g, x, l), _] = both(Arc::new(Bare));
    let error = g.try_hessian(l, &x).unwrap_err();
    assert_eq!(error.to_string(), "the function \"bare\": it has no second derivative: implement hvp or pullback");
    assert_eq!(name_of(&g.try_hvp(l, &x, &[1.0, 0.0, 0.0]).unwrap_err()), "bare");
    assert_eq!(name_of(&g.try_sparse_hessian(l, &x).unwrap_err()), "bare");
    // What does not go through the function does not need its second derivative.
    let apart = g.mul(g.mul(x[1], x[1]), x[1]);
    let far = g.add(apart, g.external_nodes(Arc::new(Bare), &[x[0], x[2]])[0]);
    assert_eq!(g.hvp(far, &[x[1]], &[1.0]), [6.0 * 1.3]);
}

#[test]
fn the_derivative_with_respect_to_an_output_is_its_adjoint() {
    let g = Graph::new();
    let x = g.leaves(&[2.0, 0.5]);
    let y = g.external_nodes(Arc::new(Polar), &x);
    let l = g.mul(y[0], g.mul(y[1], y[1]));
    let [a, b] = [g.value(y[0]), g.value(y[1])];
    close(&g.gradient(l, &[y[1], y[0]]), &[2.0 * a * b, b * b]);
    close(&g.hessian(l, &y).concat(), &[0.0, 2.0 * b, 2.0 * b, 2.0 * a]);
    close(&g.jacobian(&[l], &[y[0], x[0]])[0], &[b * b, 3.0 * l_over(&g, l, x[0])]);
    let nodes = g.gradient_nodes(l, &y);
    close(&nodes.iter().map(|&n| g.value(n)).collect::<Vec<_>>(), &[b * b, 2.0 * a * b]);
}

/// `l / x`.
fn l_over(g: &Graph, l: NodeId, x: NodeId) -> f64 {
    g.value(l) / g.value(x)
}

#[test]
fn derivatives_as_nodes_come_from_the_pullback() {
    let [(mut g, x, l), (mut h, z, k)] = both(Arc::new(Polar));
    let values = |g: &Graph, nodes: &[NodeId]| nodes.iter().map(|&node| g.value(node)).collect::<Vec<_>>();
    let (first, other) = (g.gradient_nodes(l, &x), h.gradient_nodes(k, &z));
    close(&values(&g, &first), &values(&h, &other));
    let (second, others) = (g.gradient_nodes(first[0], &x), h.gradient_nodes(other[0], &z));
    let (third, more) = (g.gradient_nodes(second[2], &x), h.gradient_nodes(others[2], &z));
    let (tangent, along) = (g.leaf(0.7), h.leaf(0.7));
    let pushed = g.jvp_nodes(&[(x[0], tangent), (x[2], tangent)], &[l, first[1]]);
    let expected = h.jvp_nodes(&[(z[0], along), (z[2], along)], &[k, other[1]]);
    for at in [AT, [-0.4, 2.0, 1.0]] {
        g.set_all(&x, &at);
        h.set_all(&z, &at);
        assert_eq!((g.forward(), h.forward()), (Ok(()), Ok(())));
        close(&values(&g, &first), &g.gradient(l, &x));
        close(&values(&g, &second), &values(&h, &others));
        close(&values(&g, &third), &values(&h, &more));
        close(&values(&g, &pushed), &values(&h, &expected));
    }
    let seed = g.leaf(3.0);
    let pulled = g.vjp_nodes(&[(l, seed)], &x);
    close(&values(&g, &pulled), &g.vjp(&[(l, 3.0)], &x));
}

#[test]
fn without_a_pullback_derivatives_as_nodes_are_an_error_and_nothing_is_recorded() {
    let [(g, x, l), _] = both(Arc::new(Bare));
    let len = g.len();
    let error = g.try_gradient_nodes(l, &x).unwrap_err();
    assert_eq!(error.to_string(), "the function \"bare\": it has no derivative as nodes: implement pullback");
    assert_eq!(name_of(&g.try_jvp_nodes(&[(x[0], x[1])], &[l]).unwrap_err()), "bare");
    assert_eq!(name_of(&g.try_taylor::<3>(l, &x, &[1.0, 0.0, 0.0]).unwrap_err()), "bare");
    assert_eq!(g.len(), len);
    // A part that does not go through it.
    let apart = g.mul(x[0], x[1]);
    assert_eq!(g.gradient_nodes(apart, &[x[0]]), [x[1]]);
}

#[test]
fn taylor_series_come_from_the_pullback() {
    let [(g, x, l), (h, z, k)] = both(Arc::new(Polar));
    let direction = [0.3, -0.5, 1.0];
    close(&g.taylor::<6>(l, &x, &direction), &h.taylor::<6>(k, &z, &direction));
    close(&g.taylor::<1>(l, &x, &direction), &h.taylor::<1>(k, &z, &direction));
    // With a pullback that calls another function, whose inputs are adjoints.
    let (g, x) = (Graph::new(), AT[0]);
    let leaf = g.leaf(x);
    let y = g.external_nodes(Arc::new(Nested), &[leaf])[0];
    let mut expected = Series::<5>::moving(x, 1.0).powi(3).coefficients;
    close(&g.taylor::<5>(y, &[leaf], &[1.0]), &expected);
    expected[4] = 0.0;
    assert_eq!(g.taylor::<5>(y, &[leaf], &[1.0])[4], expected[4]);
    let first = g.gradient_nodes(y, &[leaf])[0];
    let second = g.gradient_nodes(first, &[leaf])[0];
    close(&[g.value(first), g.value(second)], &[3.0 * x * x, 6.0 * x]);
    close(&g.hessian(y, &[leaf])[0], &[6.0 * x]);
}

/// `x^3`, with a pullback through [`Product`].
struct Nested;

impl External for Nested {
    fn name(&self) -> &str {
        "nested"
    }
    fn shape(&self) -> (usize, usize) {
        (1, 1)
    }
    fn value(&self, x: &[f64], y: &mut [f64]) -> Result<(), String> {
        y[0] = x[0] * x[0] * x[0];
        Ok(())
    }
    fn vjp(&self, x: &[f64], _: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), String> {
        xbar[0] = 3.0 * x[0] * x[0] * ybar[0];
        Ok(())
    }
    fn pullback<'g>(&self, x: &[Expr<'g>], _: &[Expr<'g>], ybar: &[Expr<'g>]) -> Option<Vec<Expr<'g>>> {
        let g = x[0].graph()?;
        let square = g.external(Arc::new(Product { factor: 1.0 }), &[x[0], x[0]])[0];
        Some(vec![g.external(Arc::new(Product { factor: 1.0 }), &[square * 3.0, ybar[0]])[0]])
    }
}

/// `x y`. Its pullback sends `factor` times what it should to `y`.
pub(crate) struct Product {
    pub(crate) factor: f64,
}

impl External for Product {
    fn name(&self) -> &str {
        "product"
    }
    fn shape(&self) -> (usize, usize) {
        (2, 1)
    }
    fn value(&self, x: &[f64], y: &mut [f64]) -> Result<(), String> {
        y[0] = x[0] * x[1];
        Ok(())
    }
    fn vjp(&self, x: &[f64], _: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), String> {
        xbar.copy_from_slice(&[ybar[0] * x[1], ybar[0] * x[0]]);
        Ok(())
    }
    fn pullback<'g>(&self, x: &[Expr<'g>], _: &[Expr<'g>], ybar: &[Expr<'g>]) -> Option<Vec<Expr<'g>>> {
        Some(vec![ybar[0] * x[1], ybar[0] * x[0] * self.factor])
    }
}

/// A function whose pullback calls it again, without end.
struct Endless;

impl External for Endless {
    fn name(&self) -> &str {
        "endless"
    }
    fn shape(&self) -> (usize, usize) {
        (1, 1)
    }
    fn value(&self, x: &[f64], y: &mut [f64]) -> Result<(), String> {
        y[0] = x[0].exp();
        Ok(())
    }
    fn vjp(&self, _: &[f64], y: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), String> {
        xbar[0] = y[0] * ybar[0];
        Ok(())
    }
    fn pullback<'g>(&self, x: &[Expr<'g>], _: &[Expr<'g>], ybar: &[Expr<'g>]) -> Option<Vec<Expr<'g>>> {
        Some(vec![x[0].graph()?.external(Arc::new(Endless), x)[0] * ybar[0]])
    }
}

#[test]
fn a_pullback_that_calls_its_function_again_is_right() {
    let g = Graph::new();
    let x = g.leaf(0.5);
    let y = g.external_nodes(Arc::new(Endless), &[x])[0];
    let exp = 0.5f64.exp();
    let first = g.gradient_nodes(y, &[x])[0];
    let second = g.gradient_nodes(first, &[x])[0];
    close(&[g.value(first), g.value(second)], &[exp, exp]);
    close(&g.hessian(y, &[x])[0], &[exp]);
    close(&g.taylor::<6>(y, &[x], &[1.0]), &Series::<6>::moving(0.5, 1.0).exp().coefficients);
}

#[test]
fn patterns_are_dense_unless_the_function_says_more() {
    /// Squares each input.
    struct Squares;
    impl External for Squares {
        fn name(&self) -> &str {
            "squares"
        }
        fn shape(&self) -> (usize, usize) {
            (3, 3)
        }
        fn value(&self, x: &[f64], y: &mut [f64]) -> Result<(), String> {
            y.iter_mut().zip(x).for_each(|(y, x)| *y = x * x);
            Ok(())
        }
        fn vjp(&self, x: &[f64], _: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), String> {
            xbar.iter_mut().zip(x).zip(ybar).for_each(|((xbar, x), ybar)| *xbar = 2.0 * x * ybar);
            Ok(())
        }
        fn hvp(&self, _: &[f64], _: &[f64], ybar: &[f64], v: &[f64], xdot: &mut [f64]) -> Option<Result<(), String>> {
            xdot.iter_mut().zip(v).zip(ybar).for_each(|((xdot, v), ybar)| *xdot = 2.0 * v * ybar);
            Some(Ok(()))
        }
        fn depends(&self, output: usize, input: usize) -> bool {
            output == input
        }
    }
    let g = Graph::new();
    let x = g.leaves(&[1.0, 2.0, 3.0]);
    let y = g.external_nodes(Arc::new(Squares), &x);
    assert_eq!(g.jacobian_pattern(&y, &x).iter().collect::<Vec<_>>(), [(0, 0), (1, 1), (2, 2)]);
    let l = g.sum(&y);
    assert_eq!(g.hessian_pattern(l, &x).iter().collect::<Vec<_>>(), [(0, 0), (1, 1), (2, 2)]);
    let plan = g.plan_hessian(l, &x).unwrap();
    assert_eq!(plan.colors(), 1);
    assert_eq!(g.sparse_hessian(l, &x).values(), [2.0; 3]);
    assert_eq!(g.sparse_jacobian(&y, &x).values(), [2.0, 4.0, 6.0]);
    let polar = g.external_nodes(Arc::new(Polar), &x[..2]);
    assert_eq!(g.jacobian_pattern(&polar, &x).len(), 4);
    assert_eq!(g.hessian_pattern(polar[0], &x).len(), 4);
}

#[test]
fn every_number_goes_through() {
    let polar: Arc<dyn External> = Arc::new(Polar);
    assert_eq!(f64::external(&polar, &[2.0, 0.0]), [2.0, 0.0]);
    for f in everything() {
        let y = Dual::external(&f, &[Dual::<2>::input(2.0, 0), Dual::input(0.0, 1)]);
        assert_eq!([y[0].value, y[1].value], [2.0, 0.0]);
        assert_eq!([y[0].tangents, y[1].tangents], [[1.0, 0.0], [0.0, 2.0]]);
    }
    let g = Graph::new();
    let x = [g.var(2.0), Expr::constant(0.0)];
    let y = Expr::external(&polar, &x);
    y[0].backward();
    assert_eq!((y[0].value(), x[0].grad()), (2.0, 1.0));
    let constants = Expr::external(&polar, &[Expr::constant(2.0), Expr::constant(0.0)]);
    assert!(constants[0].graph().is_none() && constants[0].value() == 2.0);
    let line = |x: &[Series<4>]| Series::external(&polar, x)[0] * Series::external(&polar, x)[1];
    let written = |x: &[Series<4>]| x[0].powi(2) * x[1].sin() * x[1].cos();
    close(&taylor(line, &[2.0, 0.5], &[1.0, -1.0]), &taylor(written, &[2.0, 0.5], &[1.0, -1.0]));
}

#[test]
fn check_gradient_goes_through_and_finds_a_wrong_vjp() {
    for f in everything() {
        let [(mut g, x, l), _] = both(Arc::clone(&f));
        let check = g.check_gradient(l, &x).unwrap();
        assert!(check.passes() && check.compared() == 3, "{check}");
        let check = check_gradient(|x| Expr::external(&f, x)[1], &[2.0, 0.3]);
        assert!(check.passes(), "{check}");
    }
    let wrong: Arc<dyn External> = Arc::new(Made {
        shape: (1, 1),
        value: square_value,
        vjp: |x: &[f64], ybar: &[f64], xbar: &mut [f64]| {
            xbar[0] = 2.1 * x[0] * ybar[0];
            Ok(())
        },
    });
    assert!(!check_gradient(|x| Expr::external(&wrong, x)[0], &[2.0]).passes());
    // Where the function has no value to one side, there is nothing to compare with.
    let half: Arc<dyn External> = Arc::new(Made {
        shape: (1, 1),
        value: |x: &[f64], y: &mut [f64]| match x[0] < 0.0 {
            true => Err("below 0".into()),
            false => square_value(x, y),
        },
        vjp: square_vjp,
    });
    let check = check_gradient(|x| Expr::external(&half, x)[0], &[0.0]);
    assert_eq!(check.components()[0].verdict, wengert::Verdict::NotFinite);
}

#[test]
fn explain_nan_and_audit_name_the_function() {
    let g = Graph::new();
    let x = g.leaf(0.0);
    // The reciprocal, whose derivative at 0 is not finite either.
    let reciprocal = Made {
        shape: (1, 1),
        value: |x: &[f64], y: &mut [f64]| {
            y[0] = 1.0 / x[0];
            Ok(())
        },
        vjp: |x: &[f64], ybar: &[f64], xbar: &mut [f64]| {
            xbar[0] = -ybar[0] / (x[0] * x[0]);
            Ok(())
        },
    };
    let y = g.external_nodes(Arc::new(reciprocal), &[x])[0];
    let l = g.mul_c(y, 2.0);
    let story = g.explain_nan(l).unwrap().to_string();
    assert!(story.starts_with("n1 = made(n0) is inf, the first value that is not finite\n  n0 = 0"), "{story}");
    assert!(story.contains("in the reverse sweep, n1 = made(n0) sends n0 the derivative -inf"), "{story}");
    assert!(!g.audit(l).to_string().is_empty());
    // A NaN that comes in goes through.
    let nan = g.external_nodes(square(), &[g.leaf(f64::NAN)])[0];
    assert!(g.value(nan).is_nan());
    assert!(g.explain_nan(nan).unwrap().to_string().starts_with("n3 is NaN, as it was set"));
    assert!(g.to_string().contains("n1 = made(n0)"), "{g}");
}

#[test]
fn what_the_function_does_wrong_is_an_error_that_names_it() {
    type Value = fn(&[f64], &mut [f64]) -> Result<(), String>;
    let cases: [(Value, &str); 4] = [
        (|_, _| Err("no convergence".into()), "value failed: no convergence"),
        (|_, _| Ok(()), "value did not write number 0 of its 2 results"),
        (
            |_, y| {
                y[0] = 1.0;
                Ok(())
            },
            "value did not write number 1 of its 2 results",
        ),
        (
            |_, y| {
                y.fill(1.0);
                y[1] = f64::NAN;
                Ok(())
            },
            "value wrote NaN as number 1 of its results at finite numbers; return an Err that says why",
        ),
    ];
    let g = Graph::new();
    let x = g.leaf(2.0);
    for (value, what) in cases {
        let f = Arc::new(Made { shape: (1, 2), value, vjp: square_vjp });
        let error = g.try_external_nodes(f.clone(), &[x]).unwrap_err();
        assert_eq!(error.to_string(), format!("the function \"made\": {what}"));
        let error = g.try_external(f, &[g.expr(x)]).unwrap_err();
        assert_eq!(name_of(&error), "made");
    }
    let polar: Arc<dyn External> = Arc::new(Polar);
    let error = g.try_external_nodes(Arc::clone(&polar), &[x]).unwrap_err();
    assert_eq!(error.to_string(), "the function \"polar\": expected 2 inputs, got 1");
    let other = Graph::new();
    assert_eq!(g.try_external(Arc::clone(&polar), &[other.var(1.0), g.expr(x)]).unwrap_err(), Error::MixedGraphs);
    let foreign = other.leaf(1.0);
    assert_eq!(g.try_external_nodes(polar, &[x, foreign]).unwrap_err(), Error::NotInGraph { node: foreign });
    let error = g.try_record(Op::External, NO_IMM, &[x]).unwrap_err();
    assert!(error.to_string().contains("Graph::external"), "{error}");
    assert_eq!(g.len(), 1);
}

#[test]
fn an_error_in_a_derivative_keeps_the_last_gradients() {
    type Vjp = fn(&[f64], &[f64], &mut [f64]) -> Result<(), String>;
    let cases: [(Vjp, &str); 3] = [
        (|_, _, _| Err("singular".into()), "vjp failed: singular"),
        (|_, _, _| Ok(()), "vjp did not write number 0 of its 1 results"),
        (
            |_, _, xbar| {
                xbar[0] = f64::NAN;
                Ok(())
            },
            "vjp wrote NaN as number 0 of its results at finite numbers; return an Err that says why",
        ),
    ];
    for (vjp, what) in cases {
        let mut g = Graph::new();
        let x = g.leaf(3.0);
        let good = g.mul(x, x);
        let bad = g.external_nodes(Arc::new(Made { shape: (1, 1), value: square_value, vjp }), &[x])[0];
        let l = g.mul(bad, good);
        g.backward(good);
        let error = g.try_backward(l).unwrap_err();
        assert_eq!(error.to_string(), format!("the function \"made\": {what}"));
        assert_eq!((g.grad(x), g.grad(l)), (6.0, 0.0));
        for error in [
            g.try_jvp(&[(x, 1.0)], &[l]).unwrap_err(),
            g.try_jacobian(&[l], &[x]).unwrap_err(),
            g.try_hvp(l, &[x], &[1.0]).unwrap_err(),
            g.try_explain_nan(l).unwrap_err(),
            g.try_audit(l).unwrap_err(),
            g.try_backward_strict(l).unwrap_err(),
            g.check_gradient(l, &[x]).unwrap_err(),
        ] {
            assert_eq!(name_of(&error), "made");
        }
        // The graph works on.
        g.backward(good);
        assert_eq!(g.grad(x), 6.0);
        assert_eq!(g.gradient(good, &[x]), [6.0]);
    }
}

#[test]
fn a_failed_replay_leaves_values_stale_and_can_be_repeated() {
    let mut g = Graph::new();
    let x = g.leaf(2.0);
    let root = Made {
        shape: (1, 1),
        value: |x: &[f64], y: &mut [f64]| match x[0] < 0.0 {
            true => Err(format!("{} is below 0", x[0])),
            false => {
                y[0] = x[0].sqrt();
                Ok(())
            }
        },
        vjp: |x: &[f64], ybar: &[f64], xbar: &mut [f64]| {
            xbar[0] = 0.5 * ybar[0] / x[0].sqrt();
            Ok(())
        },
    };
    let y = g.external_nodes(Arc::new(root), &[x])[0];
    g.set(x, -1.0);
    let error = g.forward().unwrap_err();
    assert_eq!(error.to_string(), "the function \"made\": value failed: -1 is below 0");
    assert!(matches!(g.try_value(y), Err(Error::StaleValue { .. })));
    assert!(matches!(g.try_external_nodes(square(), &[y]), Err(Error::StaleValue { .. })));
    g.set(x, 9.0);
    assert_eq!(g.forward(), Ok(()));
    assert_eq!((g.value(y), g.gradient(y, &[x])), (3.0, vec![1.0 / 6.0]));
}

#[test]
fn a_panic_inside_loses_nothing() {
    /// Panics where told to.
    struct Panics(AtomicU32);
    impl Panics {
        fn at(&self, place: u32) {
            assert!(self.0.load(Ordering::Relaxed) != place, "on purpose");
        }
    }
    impl External for Panics {
        fn name(&self) -> &str {
            "panics"
        }
        fn shape(&self) -> (usize, usize) {
            (1, 1)
        }
        fn value(&self, x: &[f64], y: &mut [f64]) -> Result<(), String> {
            self.at(1);
            square_value(x, y)
        }
        fn vjp(&self, x: &[f64], _: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), String> {
            self.at(2);
            square_vjp(x, ybar, xbar)
        }
        fn pullback<'g>(&self, x: &[Expr<'g>], _: &[Expr<'g>], ybar: &[Expr<'g>]) -> Option<Vec<Expr<'g>>> {
            let part = (ybar[0] * x[0] * 2.0).named("part");
            let _branch = part > -1e9;
            self.at(3);
            Some(vec![part])
        }
    }
    let f = Arc::new(Panics(AtomicU32::new(0)));
    let mut g = Graph::new();
    let x = g.leaf(3.0);
    let y = g.external_nodes(f.clone(), &[x])[0];
    let l = g.sin(y);
    g.backward(l);
    let (gradient, text) = (g.grad(x), g.to_string());
    f.0.store(1, Ordering::Relaxed);
    assert!(catch_unwind(AssertUnwindSafe(|| g.external_nodes(f.clone(), &[x]))).is_err());
    f.0.store(2, Ordering::Relaxed);
    assert!(catch_unwind(AssertUnwindSafe(|| g.backward(y))).is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| g.hvp(l, &[x], &[1.0]))).is_err());
    f.0.store(3, Ordering::Relaxed);
    assert!(catch_unwind(AssertUnwindSafe(|| g.gradient_nodes(l, &[x]))).is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| g.hvp(l, &[x], &[1.0]))).is_err());
    assert_eq!((g.grad(x), g.to_string(), g.guards().len()), (gradient, text, 0));
    f.0.store(1, Ordering::Relaxed);
    g.set(x, 0.5);
    assert!(catch_unwind(AssertUnwindSafe(|| g.forward())).is_err());
    assert!(g.is_stale());
    f.0.store(0, Ordering::Relaxed);
    assert_eq!(g.forward(), Ok(()));
    close(&g.gradient(l, &[x]), &[0.25f64.cos()]);
    let first = g.gradient_nodes(l, &[x])[0];
    close(&[g.value(first)], &[0.25f64.cos()]);
    assert!(!g.guards().is_empty());
}

#[test]
fn no_input_no_output_and_the_same_node_twice_are_right() {
    let g = Graph::new();
    let constant = Made {
        shape: (0, 2),
        value: |_: &[f64], y: &mut [f64]| {
            y.copy_from_slice(&[3.0, 4.0]);
            Ok(())
        },
        vjp: |_: &[f64], _: &[f64], _: &mut [f64]| Ok(()),
    };
    let y = g.external_nodes(Arc::new(constant), &[]);
    assert_eq!([g.value(y[0]), g.value(y[1])], [3.0, 4.0]);
    assert!(!g.node(y[0]).wants_gradient);
    let x = g.leaf(2.0);
    assert_eq!(g.gradient(g.mul(x, y[1]), &[x, y[1]]), [4.0, 0.0]);
    let sink = Made {
        shape: (1, 0),
        value: |_: &[f64], _: &mut [f64]| Ok(()),
        vjp: |_: &[f64], _: &[f64], xbar: &mut [f64]| {
            xbar.fill(0.0);
            Ok(())
        },
    };
    let len = g.len();
    assert!(g.external_nodes(Arc::new(sink), &[x]).is_empty());
    assert_eq!(g.len(), len);
    // x cos(x) and x sin(x).
    for f in everything() {
        let y = g.external_nodes(f, &[x, x]);
        let (sin, cos) = 2f64.sin_cos();
        close(&g.gradient(y[0], &[x]), &[cos - 2.0 * sin]);
        close(&g.jvp(&[(x, 1.0)], &[y[1]]), &[sin + 2.0 * cos]);
    }
    let y = g.external_nodes(Arc::new(Polar), &[x, x]);
    let first = g.gradient_nodes(y[0], &[x])[0];
    close(&[g.value(first)], &[2f64.cos() - 2.0 * 2f64.sin()]);
    // An output that nothing uses, and constants as inputs.
    let y = g.external_nodes(Arc::new(Polar), &[x, g.constant(0.5)]);
    close(&g.gradient(g.mul(y[1], y[1]), &[x]), &[4.0 * 0.5f64.sin().powi(2)]);
    let c = g.constant(1.5);
    let y = g.external_nodes(Arc::new(Polar), &[c, c]);
    assert!(!g.node(y[0]).wants_gradient);
}

#[test]
fn every_choice_of_outputs_is_swept_once() {
    // x y, x + y, x.
    let calls = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&calls);
    let f = Made {
        shape: (2, 3),
        value: |x: &[f64], y: &mut [f64]| {
            y.copy_from_slice(&[x[0] * x[1], x[0] + x[1], x[0]]);
            Ok(())
        },
        vjp: move |x: &[f64], ybar: &[f64], xbar: &mut [f64]| {
            counted.fetch_add(1, Ordering::Relaxed);
            xbar.copy_from_slice(&[ybar[0] * x[1] + ybar[1] + ybar[2], ybar[0] * x[0] + ybar[1]]);
            Ok(())
        },
    };
    let g = Graph::new();
    let x = [g.leaf(2.0), g.leaf(5.0)];
    let y = g.external_nodes(Arc::new(f), &x);
    for chosen in 0..8 {
        let seed = |k: usize| if chosen >> k & 1 == 1 { 1.0 + k as f64 } else { 0.0 };
        let before = calls.load(Ordering::Relaxed);
        g.backward_seeded(&[(y[0], seed(0)), (y[1], seed(1)), (y[2], seed(2))]);
        let gradient = [seed(0) * 5.0 + seed(1) + seed(2), seed(0) * 2.0 + seed(1)];
        assert_eq!(x.map(|x| g.grad(x)), gradient, "{chosen:03b}");
        assert_eq!(calls.load(Ordering::Relaxed) - before, u32::from(chosen != 0), "{chosen:03b}");
    }
}

#[test]
fn a_call_of_a_call_and_a_graph_of_its_own_are_right() {
    /// `sin(x)^2`, by a graph of its own that calls [`square`].
    struct Inner;
    impl Inner {
        fn graph(x: f64) -> (Graph, NodeId, NodeId) {
            let g = Graph::new();
            let leaf = g.leaf(x);
            let l = g.external_nodes(square(), &[g.sin(leaf)])[0];
            (g, leaf, l)
        }
    }
    impl External for Inner {
        fn name(&self) -> &str {
            "inner"
        }
        fn shape(&self) -> (usize, usize) {
            (1, 1)
        }
        fn value(&self, x: &[f64], y: &mut [f64]) -> Result<(), String> {
            let (g, _, l) = Inner::graph(x[0]);
            y[0] = g.value(l);
            Ok(())
        }
        fn vjp(&self, x: &[f64], _: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), String> {
            let (g, leaf, l) = Inner::graph(x[0]);
            xbar[0] = ybar[0] * g.gradient(l, &[leaf])[0];
            Ok(())
        }
    }
    let g = Graph::new();
    let x = g.leaf(0.8);
    let y = g.external_nodes(Arc::new(Inner), &[x])[0];
    let z = g.external_nodes(square(), &[y])[0];
    let (sin, cos) = 0.8f64.sin_cos();
    close(&[g.value(z)], &[sin.powi(4)]);
    close(&g.gradient(z, &[x]), &[4.0 * sin.powi(3) * cos]);
    close(&g.jvp(&[(x, 2.0)], &[z]), &[8.0 * sin.powi(3) * cos]);
}

#[test]
fn rewinding_forgets_calls_and_frees_functions() {
    let f: Arc<dyn External> = square();
    let mut g = Graph::new();
    let x = g.leaf(3.0);
    let kept = g.external_nodes(Arc::clone(&f), &[x])[0];
    let mark = g.mark();
    let other = square();
    for _ in 0..3 {
        let y = g.external_nodes(Arc::clone(&other), &[kept])[0];
        assert_eq!((g.value(y), Arc::strong_count(&other)), (81.0, 2));
        g.backward(y);
        assert_eq!(g.grad(x), 4.0 * 27.0);
        g.rewind(mark);
        assert_eq!(Arc::strong_count(&other), 1);
        assert_eq!(g.try_value(y), Err(Error::Dropped { node: y }));
        assert_eq!(g.try_external_nodes(Arc::clone(&f), &[y]), Err(Error::Dropped { node: y }));
    }
    assert_eq!((g.gradient(kept, &[x]), Arc::strong_count(&f)), (vec![6.0], 2));
    g.reset();
    assert_eq!(Arc::strong_count(&f), 1);
}

#[test]
fn a_full_graph_refuses_a_call_whole() {
    let g = Graph::with_limit(3);
    let x = g.leaves(&[2.0, 0.5]);
    assert_eq!(g.try_external_nodes(Arc::new(Polar), &x).unwrap_err(), Error::Full { limit: 3 });
    let error = g.try_external(square(), &[Expr::constant(7.0)]).unwrap_err();
    assert_eq!((error, g.len()), (Error::Full { limit: 3 }, 2));
    assert_eq!(g.value(g.external_nodes(square(), &[x[0]])[0]), 4.0);
}

#[test]
fn many_calls_grow_the_tape_while_expressions_are_alive() {
    let g = Graph::new();
    let mut x = [g.var(1.0), g.var(0.001)];
    for _ in 0..500 {
        let y = g.external(Arc::new(Polar), &x);
        x[0] = (y[0] * y[0] + y[1] * y[1]).sqrt();
    }
    x[0].backward();
    assert!((x[0].value() - 1.0).abs() < 1e-12);
    assert!((g.grad(g.get(0).unwrap().id) - 1.0).abs() < 1e-12);
}
