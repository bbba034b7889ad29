//! Statements: a call is one node, and every way to use it gives what the same function gives when it is recorded op by op.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use proptest::prelude::*;
use wengert::{
    Dual, Error, Expr, External, Formula, Function, Graph, NodeId, Real, Scalar, Series, Statement, check_gradient,
    taylor,
};

use crate::common::dag::{LEAVES, Recipe};
use crate::common::refusal;
use crate::laws::{Oracle, smooth, sums};

/// The functions of these tests. All but the last take two inputs.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Body {
    Smooth,
    /// A branch that is not taken has an infinite derivative.
    Guarded,
    /// A comparison chooses.
    Branch,
    Detached,
    /// Depends on nothing.
    Constant,
    /// An input itself.
    First,
    /// Calls another statement.
    Nested,
    /// An n-ary op, and an op of three operands.
    Folds,
    /// Takes twelve inputs: more than fit in duals.
    Wide,
}

use Body::*;

const ALL: [Body; 9] = [Smooth, Guarded, Branch, Detached, Constant, First, Nested, Folds, Wide];

impl Body {
    fn inputs(self) -> usize {
        if self == Wide { 12 } else { 2 }
    }
    fn statement(self) -> Statement<Body> {
        Statement::new("body", self.inputs(), self)
    }
    fn point(self) -> Vec<f64> {
        (0..self.inputs()).map(|k| 0.7 - 0.13 * k as f64).collect()
    }
}

fn minus<T: Real>(x: T, y: T) -> T {
    x - y
}

impl Function for Body {
    fn call<T: Real>(&self, x: &[T]) -> T {
        let [a, b] = [x[0], x[1]];
        match self {
            Smooth => (a * b).sin() + (a / (b + 2.0)).exp() * 0.5,
            Guarded => {
                let zeros = [a, b].map(|x| minus(x, x));
                zeros[0].greater(0.0).select(zeros[0].sqrt(), b * b) + zeros[1] * zeros[0].sqrt()
            }
            Branch => {
                if a > b {
                    a * a * b
                } else {
                    b.exp()
                }
            }
            Detached => a.detach() * b + a * a,
            Constant => T::constant(2.5),
            First => a,
            Nested => T::call(&Smooth.statement(), &[a, a * b]) * b + a,
            Folds => T::dot(&[a, b, a], &[b, b, a]) * T::logsumexp(&[a, b]) + a.mul_add(b, a),
            Wide => x.iter().fold(T::constant(1.0), |product, &x| product * (x.sin() + 1.5)),
        }
    }
}

/// The body with what is around it, as a call or op by op.
fn around<'g>(body: Body, called: bool, x: &[Expr<'g>]) -> Expr<'g> {
    let f = body.statement();
    let call = |x: &[Expr<'g>]| if called { Expr::call(&f, x) } else { body.call(x) };
    let y = call(x);
    let mut second = x.to_vec();
    second[0] = y * 0.3;
    y * y + x[1] * call(&second).cos()
}

/// A graph of the body in a call, and one of its ops: inputs and output.
fn both(body: Body) -> [(Graph, Vec<NodeId>, NodeId); 2] {
    [true, false].map(|called| {
        let g = Graph::new();
        let x = g.leaves(&body.point());
        let l = around(body, called, &g.exprs(&x)).id();
        (g, x, l)
    })
}

#[track_caller]
fn close(what: &str, body: Body, call: &[f64], ops: &[f64]) {
    assert_eq!(call.len(), ops.len());
    for (call, ops) in call.iter().zip(ops) {
        let same = (call - ops).abs() <= 1e-13 * (1.0 + ops.abs()) || call.is_nan() && ops.is_nan();
        assert!(same, "{what} of {body:?}: {call} by a call, {ops} op by op");
    }
}

#[test]
fn a_call_is_one_node() {
    let g = Graph::new();
    let x = g.leaves(&[2.0, 3.0]);
    let y = g.call_node(&Smooth.statement(), &x);
    assert_eq!((g.len(), g.node(y).operands.to_vec()), (3, x.clone()));
    assert_eq!(g.node(y).caption(), "body");
    assert_eq!(g.node(y).to_string(), format!("body({}, {})", x[0], x[1]));
    assert_eq!(g.value(y), Smooth.call(&[2.0, 3.0]));
    // Two inputs, four words, two partials.
    assert_eq!(g.memory(), 3 * 16 + 6 * 4 + 2 * 8);
}

#[test]
fn values_and_derivatives_as_numbers_are_those_of_the_ops() {
    for body in ALL {
        let [call, ops] = both(body).map(|(mut g, x, l)| {
            let direction: Vec<f64> = (0..x.len()).map(|k| 1.0 - 0.4 * k as f64).collect();
            let seeds: Vec<(NodeId, f64)> = x.iter().copied().zip(direction.iter().copied()).collect();
            let mut numbers = vec![g.value(l)];
            numbers.extend(g.gradient(l, &x));
            numbers.extend(g.jvp(&seeds, &[l]));
            numbers.extend(g.hvp(l, &x, &direction));
            numbers.extend(g.hessian(l, &x).concat());
            numbers.extend(g.jacobian(&[l], &x).concat());
            // At other values.
            g.set(x[0], 0.9);
            g.set(x[1], 0.2);
            g.forward().unwrap();
            g.backward(l);
            numbers.push(g.value(l));
            numbers.extend(x.iter().map(|&x| g.grad(x)));
            numbers.extend(g.hvp(l, &x, &direction));
            numbers
        });
        assert_eq!(call[0].to_bits(), ops[0].to_bits(), "{body:?}");
        close("numbers", body, &call, &ops);
    }
}

#[test]
fn derivatives_as_nodes_are_those_of_the_ops_and_can_be_derived_again() {
    for body in ALL {
        let [call, ops] = both(body).map(|(g, x, l)| {
            let gradient = g.gradient_nodes(l, &x);
            let tangent = g.constant(1.0);
            let along = g.jvp_nodes(&[(x[0], tangent), (x[1], tangent)], &[l])[0];
            let second = g.gradient_nodes(gradient[1], &x);
            let third = g.gradient_nodes(second[0], &x);
            let value = |nodes: &[NodeId]| nodes.iter().map(|&node| g.value(node)).collect::<Vec<_>>();
            [value(&gradient), value(&[along]), value(&second), value(&third), g.gradient(along, &x)].concat()
        });
        close("nodes", body, &call, &ops);
    }
}

#[test]
fn taylor_series_are_those_of_the_ops() {
    for body in ALL {
        let x = body.point();
        let direction = vec![0.5; x.len()];
        let [call, ops] = [true, false].map(|called| {
            let line = |x: &[Series<4>]| {
                let f = body.statement();
                let y = if called { Series::call(&f, x) } else { body.call(x) };
                y * y
            };
            taylor(line, &x, &direction)
        });
        close("series", body, &call, &ops);
        let [call, ops] = both(body).map(|(g, x, l)| g.taylor::<4>(l, &x, &direction));
        close("series of a graph", body, &call, &ops);
    }
}

#[test]
fn sparse_derivatives_and_patterns_hold_those_of_the_ops() {
    for body in ALL {
        let [call, ops] = both(body).map(|(g, x, l)| {
            let (jacobian, hessian) = (g.sparse_jacobian(&[l], &x), g.sparse_hessian(l, &x));
            [jacobian.to_dense().concat(), hessian.to_dense().concat()].concat()
        });
        close("sparse derivatives", body, &call, &ops);
    }
}

#[test]
fn every_number_goes_through_a_call() {
    for body in ALL {
        let (f, x) = (body.statement(), body.point());
        assert_eq!(f64::call(&f, &x), body.call(&x));
        let duals: Vec<Dual<1>> = x.iter().map(|&x| Dual { value: x, tangents: [1.0] }).collect();
        assert_eq!(Dual::call(&f, &duals).tangents, body.call(&duals).tangents);
        let free: Vec<Expr<'_>> = x.iter().map(|&x| Expr::constant(x)).collect();
        let y = Expr::call(&f, &free);
        assert_eq!((y.value(), y.graph().is_none()), (body.call(&x), true));
        let check = check_gradient(|x| around(body, true, x), &x);
        assert_eq!(check.passes(), check_gradient(|x| around(body, false, x), &x).passes(), "{body:?}: {check}");
    }
}

#[test]
fn the_derivative_with_respect_to_a_call_is_its_adjoint() {
    for body in ALL {
        let g = Graph::new();
        let x = g.leaves(&body.point());
        let y = g.call_node(&body.statement(), &x);
        let l = g.mul(g.sin(y), y);
        let v = g.value(y);
        let (first, second) = (v.cos() * v + v.sin(), 2.0 * v.cos() - v * v.sin());
        close("with respect to the call", body, &g.gradient(l, &[y]), &[first]);
        close("with respect to the call", body, &g.hessian(l, &[y]).concat(), &[second]);
        close("with respect to the call", body, &g.jvp(&[(y, 1.0)], &[l]), &[first]);
    }
}

#[test]
fn a_comparison_inside_is_decided_anew_and_leaves_a_guard_only_where_it_is_recorded() {
    let mut g = Graph::new();
    let x = g.leaves(&[2.0, 1.0]);
    let y = g.call_node(&Branch.statement(), &x);
    assert!(g.guards().is_empty());
    g.set(x[0], 0.5);
    g.forward().unwrap();
    assert_eq!((g.value(y), g.gradient(y, &x)), (1f64.exp(), vec![0.0, 1f64.exp()]));
    let gradient = g.gradient_nodes(y, &x);
    assert_eq!((g.value(gradient[1]), g.guards().len()), (1f64.exp(), 1));
    g.set(x[0], 2.0);
    assert!(matches!(g.forward(), Err(Error::GuardFlipped { .. })));
}

#[test]
fn no_input_one_node_twice_and_free_constants_are_right() {
    struct Seven;
    impl Function for Seven {
        fn call<T: Real>(&self, _: &[T]) -> T {
            T::constant(7.0)
        }
    }
    let g = Graph::new();
    let seven = g.call(&Statement::new("seven", 0, Seven), &[]);
    assert_eq!((seven.value(), g.len()), (7.0, 1));
    let x = g.var(0.7);
    let y = g.call(&Smooth.statement(), &[x, x]);
    let z = Smooth.call(&[x, x]);
    close("the same node twice", Smooth, &g.gradient(y.id(), &[x.id()]), &g.gradient(z.id(), &[x.id()]));
    close(
        "the same node twice",
        Smooth,
        &g.hessian(y.id(), &[x.id()]).concat(),
        &g.hessian(z.id(), &[x.id()]).concat(),
    );
    let nodes = [y, z].map(|y| g.value(g.gradient_nodes(y.id(), &[x.id()])[0]));
    close("the same node twice", Smooth, &nodes[..1], &nodes[1..]);

    let before = g.len();
    let y = g.call(&Smooth.statement(), &[x, Expr::constant(0.25)]);
    assert_eq!(g.len(), before + 2);
    (y * seven).backward();
    close("a constant", Smooth, &[x.grad()], &[7.0 * check_slope(0.7, 0.25)]);
    assert_eq!(seven.grad(), 0.0, "it wants no gradient");
}

/// The derivative of [`Body::Smooth`] with respect to its first input.
fn check_slope(a: f64, b: f64) -> f64 {
    b * (a * b).cos() + (a / (b + 2.0)).exp() * 0.5 / (b + 2.0)
}

#[test]
fn bad_input_is_an_error_and_leaves_the_graph_as_it_was() {
    let mut g = Graph::new();
    let x = g.leaves(&[1.0, 2.0]);
    let f = Smooth.statement();
    let error = g.try_call_node(&f, &x[..1]).unwrap_err();
    assert_eq!(error.to_string(), "the function \"body\": expected 2 inputs, got 1");
    assert_eq!(
        g.try_call(&f, &[]).unwrap_err(),
        Error::External { name: "body".into(), what: "expected 2 inputs, got 0".into() }
    );
    let other = Graph::new();
    let mixed = [g.expr(x[0]), other.var(1.0)];
    assert_eq!(g.try_call(&f, &mixed).unwrap_err(), Error::MixedGraphs);
    assert!(matches!(g.try_call_node(&f, &[x[0], other.leaf(1.0)]), Err(Error::NotInGraph { .. })));
    assert_eq!((g.len(), other.len()), (2, 2));
    let y = g.sin(x[0]);
    g.set(x[0], 2.0);
    assert!(matches!(g.try_call_node(&f, &[y, x[1]]), Err(Error::StaleValue { .. })));

    let full = Graph::with_limit(2);
    let x = full.leaves(&[1.0, 2.0]);
    assert_eq!(full.try_call_node(&f, &x), Err(Error::Full { limit: 2 }));
    assert_eq!(full.try_call(&f, &[full.expr(x[0]), Expr::constant(3.0)]).unwrap_err(), Error::Full { limit: 2 });
    assert_eq!((full.len(), full.memory()), (2, 32));
}

#[test]
fn a_panic_inside_leaves_the_graph_as_it_was() {
    struct Fails;
    impl Function for Fails {
        fn call<T: Real>(&self, x: &[T]) -> T {
            assert!(x[0].primal() < 1.0, "too large");
            x[0] * 2.0
        }
    }
    let f = Statement::new("fails", 1, Fails);
    let mut g = Graph::new();
    let x = g.leaf(2.0);
    assert!(catch_unwind(AssertUnwindSafe(|| g.call_node(&f, &[x]))).is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| g.call(&f, &[Expr::constant(3.0)]))).is_err());
    assert_eq!((g.len(), g.memory()), (1, 16));
    g.set(x, 0.5);
    let y = g.call_node(&f, &[x]);
    g.set(x, 2.0);
    assert!(catch_unwind(AssertUnwindSafe(|| g.forward())).is_err());
    assert!(matches!(g.try_value(y), Err(Error::StaleValue { .. })));
    g.set(x, 0.25);
    g.forward().unwrap();
    assert_eq!((g.value(y), g.gradient(y, &[x])), (0.5, vec![2.0]));
}

#[test]
fn rewinding_drops_calls_and_frees_functions() {
    let mut g = Graph::new();
    let x = g.leaves(&[1.0, 2.0]);
    let first = g.call_node(&First.statement(), &x);
    g.backward(first);
    let (mark, memory) = (g.mark(), g.memory());
    for body in [Smooth, Branch, Smooth, Wide] {
        let f = body.statement();
        let inputs: Vec<NodeId> = (0..body.inputs()).map(|k| x[k % 2]).collect();
        let y = g.call_node(&f, &inputs);
        let l = g.add(first, y);
        let point: Vec<f64> = inputs.iter().map(|&x| g.value(x)).collect();
        let mut partials = vec![0.0; point.len()];
        assert_eq!(g.value(y), f.function().value_and_gradient(&point, &mut partials));
        let want = 1.0 + partials.iter().step_by(2).sum::<f64>();
        assert!((g.gradient(l, &x)[0] - want).abs() < 1e-14 * want.abs(), "{body:?}");
        g.rewind(mark);
        assert_eq!(g.memory(), memory);
    }
    assert_eq!(g.value(first), 1.0);
    g.reset();
    assert_eq!(g.memory(), 0);
}

const SPECIAL: [f64; 8] = [0.0, -0.0, 1.0, -2.5, f64::MAX, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];

#[track_caller]
fn same(what: &str, at: [f64; 2], call: &[f64], ops: &[f64]) {
    for (call, ops) in call.iter().zip(ops) {
        let same = call == ops || call.is_nan() && ops.is_nan() || (call - ops).abs() <= 1e-14 * ops.abs();
        assert!(same, "{what} at {at:?}: {call} by a call, {ops} op by op");
    }
}

/// Partials over duals are those of a sweep forward. A sweep back can give NaN beside them where `a - a` meets NaN.
#[test]
fn special_points_are_those_of_the_ops() {
    for body in [Smooth, Guarded, Branch, Detached, First, Folds] {
        for at in SPECIAL.into_iter().flat_map(|a| SPECIAL.map(|b| [a, b])) {
            let [call, ops] = [true, false].map(|called| {
                let g = Graph::new();
                let x = at.map(|x| g.var(x));
                let y = if called { Expr::call(&body.statement(), &x) } else { body.call(&x) }.id();
                let [p, q] = x.map(|x| g.jvp(&[(x.id(), 1.0)], &[y])[0]);
                let back = g.gradient(y, &x.map(Expr::id));
                ([g.value(y), p, q], back)
            });
            same(&format!("{body:?}"), at, &call.0, &ops.0);
            assert!(call.1.iter().zip(&call.0[1..]).all(|(back, along)| back == along || back.is_nan()), "{call:?}");
            if ops.1[..] == ops.0[1..] {
                same(&format!("the gradient of {body:?}"), at, &call.1, &ops.1);
            }
        }
    }
}

/// The value and the gradient of the formula, against the same function recorded and swept back.
#[track_caller]
fn agrees<F: Function>(name: &str, formula: F, f: impl for<'g> Fn(&[Expr<'g>]) -> Expr<'g>) {
    for at in SPECIAL
        .into_iter()
        .chain([0.3, 0.8, -0.6])
        .flat_map(|a| SPECIAL.map(|b| [a, b]))
        .chain([[0.3, 0.8], [0.9, -0.2]])
    {
        let mut gradient = [0.0; 2];
        let value = formula.value_and_gradient(&at, &mut gradient);
        let (want, partials) = wengert::value_and_gradient(&f, &at);
        assert!(value.to_bits() == want.to_bits() || value.is_nan() && want.is_nan(), "{name} at {at:?}");
        same(name, at, &gradient, &partials);
        // Over numbers and as a recording, it is the same function.
        assert!(formula.call(&at).to_bits() == value.to_bits() || value.is_nan());
        let (recorded, partials) = wengert::value_and_gradient(|x| formula.call(x), &at);
        assert!(recorded.to_bits() == value.to_bits() || value.is_nan());
        same(name, at, &gradient, &partials);
    }
}

#[test]
fn the_ops_of_formulas_have_the_values_and_derivatives_of_the_ops() {
    macro_rules! unary {
        ($($name:ident)+) => {$(
            agrees(stringify!($name), Formula::input(1).$name() + Formula::input(0), |x| x[1].$name() + x[0]);
        )+};
    }
    macro_rules! binary {
        ($($name:ident)+) => {$(
            agrees(stringify!($name), Formula::input(0).$name(Formula::input(1)), |x| x[0].$name(x[1]));
        )+};
    }
    unary! {
        neg recip sqrt cbrt exp exp2 exp_m1 ln log2 log10 ln_1p sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh
        abs sign step relu sigmoid softplus floor ceil round trunc fract flat erf erfc norm_cdf lgamma digamma detach
    }
    binary! {
        add sub mul div pow atan2 hypot max min rem copysign logaddexp less less_equal greater greater_equal equal not_equal
    }
    agrees("powi", Formula::input(0).powi(3) * Formula::input(1), |x| x[0].powi(3) * x[1]);
    agrees("powf", Formula::input(0).powf(0.5) - Formula::input(1), |x| x[0].powf(0.5) - x[1]);
    let [a, b] = [Formula::input(0), Formula::input(1)];
    agrees("numbers", 2.0 - a * 3.0 + 1.0 / (b + 4.0) - (b - 0.5) / 8.0 + -a * Formula::constant(0.25), |x| {
        2.0 - x[0] * 3.0 + 1.0 / (x[1] + 4.0) - (x[1] - 0.5) / 8.0 + -x[0] * Expr::constant(0.25)
    });
}

/// What the sums of the next test compute.
fn plain<'g>(x: &[Expr<'g>]) -> Expr<'g> {
    let mut sum = Expr::constant(0.0);
    for i in 0..4 {
        let mut inner = Expr::constant(0.0);
        for j in 0..i {
            inner = if j == 0 { x[i] * x[4] } else { inner + x[i] * x[4 + j] };
        }
        sum += inner.sin();
    }
    sum
}

#[test]
fn sums_of_formulas_are_added_from_left_to_right() {
    let x: Vec<f64> = (0..12).map(|k| 0.1 * f64::from(k) - 0.45).collect();
    let triangle = Formula::sum(4, |i| Formula::sum(i, move |j| Formula::input(i) * Formula::input(4 + j)).sin());
    let f = Statement::new("triangle", 12, triangle + Formula::sum(0, Formula::input));
    let (value, gradient) = wengert::value_and_gradient(|x| Expr::call(&f, x), &x);
    let (want, partials) = wengert::value_and_gradient(plain, &x);
    assert_eq!(value, want);
    close("a sum", Wide, &gradient, &partials);
    let (hessian, ops) = (wengert::hessian(|x| Expr::call(&f, x), &x), wengert::hessian(plain, &x));
    close("a sum", Wide, &hessian.concat(), &ops.concat());
    let refused = catch_unwind(|| Formula::input(3).call(&[1.0, 2.0])).unwrap_err();
    assert_eq!(refused.downcast_ref::<String>().unwrap(), "a formula reads input 3, counted from 0, but has 2 inputs");
}

#[test]
fn an_unused_branch_with_an_infinite_derivative_makes_no_nan() {
    let g = Graph::new();
    let [a, b] = [g.var(0.7), g.var(0.0)];
    let y = g.call(&Guarded.statement(), &[a, b]);
    (y * y + y).backward();
    assert_eq!((a.grad(), b.grad()), (0.0, 0.0));
    // An infinite partial meets an adjoint of 0.
    let x = g.var(0.0);
    let root = g.call(&Statement::new("root", 1, Formula::input(0).sqrt()), &[x]);
    (root * root).backward();
    assert_eq!(x.grad(), 0.0);
    root.backward();
    assert_eq!(x.grad(), f64::INFINITY);
}

#[test]
fn explain_nan_names_the_statement() {
    let g = Graph::new();
    let x = g.var(-1.0).named("x");
    let y = g.call(&Statement::new("root", 1, Formula::input(0).sqrt()), &[x]);
    let text = g.explain_nan((y + 1.0).id()).unwrap().to_string();
    assert!(text.contains("n1 = root(n0) is NaN"), "{text}");
}

/// A recipe as a function: its leaves are the first inputs, the others are not used.
#[derive(Clone, Debug)]
struct Drawn(Recipe);

impl Function for Drawn {
    fn call<T: Real>(&self, x: &[T]) -> T {
        let nodes = self.0.run(|_, k| x[k], T::constant, |op, imm, args| T::apply(op, imm, args));
        nodes[nodes.len() - 1]
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn random_bodies_have_the_derivatives_of_their_ops(recipe in sums(12, smooth), unused in prop::sample::select(vec![0usize, 7])) {
        let oracle = Oracle::new(&recipe);
        let last = oracle.values.len() - 1;
        let sizes = oracle.adjoints(&[(last, 1.0)], f64::abs);
        let size = 1.0 + sizes.iter().fold(0.0f64, |most, size| most.max(*size));
        let body = Drawn(recipe.clone());
        let f = Statement::new("drawn", LEAVES + unused, body.clone());
        let [call, ops] = [true, false].map(|called| {
            let g = Graph::new();
            let mut x = g.leaves(&recipe.leaves);
            x.extend(g.leaves(&vec![0.5; unused]));
            let exprs = g.exprs(&x);
            let l = (if called { Expr::call(&f, &exprs) } else { body.call(&exprs) } * 1.5).id();
            let nodes: Vec<f64> = g.gradient_nodes(l, &x).iter().map(|&node| g.value(node)).collect();
            let direction: Vec<f64> = (0..x.len()).map(|k| 0.5 + k as f64 / 3.0).collect();
            (g.value(l), g.gradient(l, &x), nodes, g.hvp(l, &x, &direction))
        });
        prop_assert_eq!(call.0.to_bits(), ops.0.to_bits());
        for (what, call, ops, bound) in [
            ("gradient", &call.1, &ops.1, 1e-12 * size),
            ("gradient as nodes", &call.2, &ops.2, 1e-12 * size),
            ("hvp", &call.3, &ops.3, 1e-9 * size * size),
        ] {
            for (call, ops) in call.iter().zip(ops) {
                prop_assert!((call - ops).abs() <= bound || call == ops, "{} {} by a call, {} op by op", what, call, ops);
            }
        }
    }
}

/// A function that fails at negative numbers.
struct Root;

impl External for Root {
    fn name(&self) -> &str {
        "root"
    }
    fn shape(&self) -> (usize, usize) {
        (1, 1)
    }
    fn value(&self, x: &[f64], y: &mut [f64]) -> Result<(), String> {
        y[0] = if x[0] < 0.0 { return Err("it is negative".into()) } else { x[0].sqrt() };
        Ok(())
    }
    fn vjp(&self, _: &[f64], y: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), String> {
        xbar[0] = ybar[0] / (2.0 * y[0]);
        Ok(())
    }
}

struct OverRoot(Arc<dyn External>);

impl Function for OverRoot {
    fn call<T: Real>(&self, x: &[T]) -> T {
        T::external(&self.0, x)[0] * 2.0
    }
}

#[test]
fn a_statement_whose_function_fails_panics_and_loses_nothing() {
    let statement = Statement::new("over root", 1, OverRoot(Arc::new(Root)));
    let mut g = Graph::new();
    let [x, negative] = [g.leaf(4.0), g.leaf(-1.0)];
    let y = g.call_node(&statement, &[x]);
    assert_eq!((g.value(y), g.gradient(y, &[x])), (4.0, vec![0.5]));
    let nodes = g.len();
    let (text, _) = refusal(|| g.try_call_node(&statement, &[negative])).expect("the function panics");
    assert!(text.contains("it is negative"), "{text}");
    assert_eq!((g.len(), g.value(y)), (nodes, 4.0));
    g.set(x, -1.0);
    let (text, _) = refusal(|| g.forward()).expect("the function panics");
    assert!(text.contains("it is negative") && g.is_stale(), "{text}");
    g.set(x, 9.0);
    g.forward().unwrap();
    assert_eq!((g.value(y), g.gradient(y, &[x])), (6.0, vec![1.0 / 3.0]));
}
