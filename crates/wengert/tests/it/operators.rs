//! Operators and methods take what one would write: numbers, references, free constants; and generic code over
//! `num_traits::Float` runs over every number.

use num_traits::{Float, FloatConst};
use wengert::{Arity, Dual, Expr, Graph, Op, Real, Scalar, Series};

#[test]
fn methods_of_two_operands_take_numbers() {
    let g = Graph::new();
    let x = g.var(2.0);
    let all = [
        (x.max(3.0), x.max(Expr::constant(3.0))),
        (x.min(3.0), x.min(Expr::constant(3.0))),
        (x.pow(3.0), x.pow(Expr::constant(3.0))),
        (x.atan2(3.0), x.atan2(Expr::constant(3.0))),
        (x.hypot(3.0), x.hypot(Expr::constant(3.0))),
        (x.rem(3.0), x.rem(Expr::constant(3.0))),
        (x.copysign(-3.0), x.copysign(Expr::constant(-3.0))),
        (x.logaddexp(3.0), x.logaddexp(Expr::constant(3.0))),
        (x.mul_add(3.0, 4.0), x.mul_add(Expr::constant(3.0), Expr::constant(4.0))),
        (x.greater(1.0).select(x, 4.0), x),
        (x.less(3.0), 1.0.into()),
        (x.less_equal(3.0), 1.0.into()),
        (x.greater_equal(3.0), 0.0.into()),
        (x.equal(2.0), 1.0.into()),
        (x.not_equal(2.0), 0.0.into()),
    ];
    for (number, expression) in all {
        assert_eq!(number.value(), expression.value());
        let slope = |l: Expr<'_>| g.gradient(l.id(), &[x.id()]);
        if expression.graph().is_some() {
            assert_eq!(slope(number), slope(expression));
        }
    }
    let dual = Dual::<1>::input(2.0, 0);
    assert_eq!(dual.max(3.0).value, 3.0);
    assert_eq!(dual.hypot(1.5).tangents, [0.8]);
    let series = Series::<3>::moving(2.0, 1.0);
    assert_eq!(series.pow(3.0).coefficients, series.powf(3.0).coefficients);
    assert_eq!(series.clamp(0.0, 1.0).value(), 1.0);
}

/// Every operator by reference, beside the same by value.
#[allow(clippy::op_ref, reason = "references are what is tested")]
fn by_reference<T>(x: T, y: T) -> Vec<(T, T)>
where
    T: Real,
    for<'a> &'a T: std::ops::Neg<Output = T>
        + std::ops::Add<&'a T, Output = T>
        + std::ops::Sub<&'a T, Output = T>
        + std::ops::Mul<&'a T, Output = T>
        + std::ops::Div<&'a T, Output = T>
        + std::ops::Rem<&'a T, Output = T>
        + std::ops::Add<T, Output = T>
        + std::ops::Mul<f64, Output = T>,
    for<'a> T: std::ops::Sub<&'a T, Output = T> + std::ops::AddAssign<&'a T>,
{
    let mut sum = x;
    sum += &y;
    let list = [x, y, x];
    vec![
        (&x + &y, x + y),
        (&x - &y, x - y),
        (&x * &y, x * y),
        (&x / &y, x / y),
        (&x % &y, x % y),
        (-&x, -x),
        (&x + y, x + y),
        (x - &y, x - y),
        (&x * 2.5, x * 2.5),
        (sum, x + y),
        (list.iter().sum(), list.into_iter().sum()),
        (list.iter().product(), list.into_iter().product()),
    ]
}

#[test]
fn operators_take_references() {
    let g = Graph::new();
    let (x, y) = (g.var(2.0), g.var(-3.5));
    for (reference, value) in by_reference(x, y) {
        assert_eq!(g.node(reference.id()).op, g.node(value.id()).op);
        assert_eq!(reference.value(), value.value());
    }
    for (reference, value) in by_reference(Dual::<2>::input(2.0, 0), Dual::input(-3.5, 1)) {
        assert_eq!((reference.value, reference.tangents), (value.value, value.tangents));
    }
    for (reference, value) in by_reference(Series::<4>::moving(2.0, 1.0), Series::moving(-3.5, 2.0)) {
        assert_eq!(reference.coefficients, value.coefficients);
    }
    assert_eq!((1.0 - &x).value(), -1.0);
}

#[test]
fn a_free_constant_is_kept_with_the_op_as_a_number_is() {
    fn by_constant<T: Real>(x: T, c: f64) -> [T; 7] {
        let c = T::constant(c);
        [c + x, x + c, c - x, x - c, c * x, x * c, c / x]
    }
    for (x, c) in [(2.0, 1.0), (-0.0, 0.0), (0.0, -0.0), (1e-300, 1e300), (f64::INFINITY, 0.0), (0.1, 0.3)] {
        let (one, other) = (Graph::new(), Graph::new());
        let (a, b) = (one.var(x), other.var(x));
        let with_constants = by_constant(a, c);
        let with_numbers = [c + b, b + c, c - b, b - c, c * b, b * c, c / b];
        assert_eq!(one.len(), other.len());
        for (constant, number) in with_constants.into_iter().zip(with_numbers) {
            let [p, q] = [one.node(constant.id()), other.node(number.id())];
            assert_eq!((p.op, p.imm.map(f64::to_bits)), (q.op, q.imm.map(f64::to_bits)));
            assert_eq!(p.value.to_bits(), q.value.to_bits());
            assert_eq!(one.gradient(p.id, &[a.id()])[0].to_bits(), other.gradient(q.id, &[b.id()])[0].to_bits());
        }
    }
    // The same for an operand that wants no gradient, and for constants only.
    let g = Graph::new();
    let x = g.var(2.0).detach();
    let l = Expr::constant(1.0) - x;
    assert_eq!((g.node(l.id()).op, l.value()), (Op::CSub, -1.0));
    assert!((Expr::constant(1.0) - Expr::constant(3.0)).graph().is_none());
}

#[test]
#[should_panic(expected = "the graph is full")]
fn a_free_constant_beside_an_expression_of_a_full_graph_is_refused() {
    let g = Graph::with_limit(1);
    let x = g.var(1.0);
    let _ = Expr::constant(1.0) - x;
}

#[test]
fn comparison_methods_of_the_standard_traits_are_not_hidden() {
    let g = Graph::new();
    let (x, y) = (g.var(1.0), g.var(2.0));
    assert!(x.lt(&y) && x.le(&y) && !x.gt(&y) && !x.ge(&y) && !x.eq(&y) && x.ne(&y));
    fn generic<T: Real>(x: T, y: T) -> bool {
        x.lt(&y) && x.le(&2.0) && !x.gt(&y) && !x.ge(&y) && !x.eq(&y) && x.ne(&y)
    }
    assert!(generic(x, y) && generic(1.0, 2.0) && generic(Dual::<1>::new(1.0), Dual::new(2.0)));
    assert!(generic(Series::<2>::new(1.0), Series::new(2.0)));
    // In files the comparison ops have these short names.
    let names = [Op::Lt, Op::Le, Op::Gt, Op::Ge, Op::Eq, Op::Ne].map(Op::name);
    assert_eq!(names, ["lt", "le", "gt", "ge", "eq", "ne"]);
}

/// Numeric code that knows nothing of derivatives: the area of a disk's segment.
fn segment<F: Float + FloatConst>(radius: F, angle: F) -> F {
    let two = F::one() + F::one();
    let angle = angle.min(F::TAU()).abs() % F::TAU();
    radius.powi(2) / two * (angle - angle.sin())
}

#[test]
fn numeric_code_runs_over_every_number() {
    let (r, a) = (3.0_f64, 1.2_f64);
    let want = [r * (a - a.sin()), r * r / 2.0 * (1.0 - a.cos())];
    let g = Graph::new();
    let (x, y) = (g.var(r), g.var(a));
    segment(x, y).backward();
    let dual = segment(Dual::<2>::input(r, 0), Dual::input(a, 1));
    let series = [(1.0, 0.0), (0.0, 1.0)].map(|(p, q)| segment(Series::<2>::moving(r, p), Series::moving(a, q)));
    let value = segment(r, a);
    assert_eq!((dual.value, series[0].value(), series[1].value()), (value, value, value));
    for k in 0..2 {
        for got in [[x.grad(), y.grad()][k], dual.tangents[k], series[k].derivative(1)] {
            assert!((got - want[k]).abs() < 1e-14, "{got}, {}", want[k]);
        }
    }
}

#[test]
fn a_remainder_is_an_operator_of_generic_code() {
    fn wrapped<T: Real>(x: T) -> T {
        let mut y = x % 3.0;
        y %= T::constant(2.0);
        y
    }
    assert_eq!((wrapped(7.5), wrapped(Dual::<1>::input(7.5, 0)).tangents), (1.5, [1.0]));
}

#[test]
fn a_generic_function_is_differentiated_by_a_closure_that_calls_it() {
    fn f<T: Real>(x: &[T]) -> T {
        x[0] * x[1].sin()
    }
    assert_eq!(wengert::gradient(|x| f(x), &[2.0, 0.0]), [0.0, 2.0]);
    assert_eq!(wengert::hessian(|x| f(x), &[2.0, 0.0]), [[0.0, 1.0], [1.0, 0.0]]);
    assert_eq!(wengert::forward_gradient(|x| f(&x), [2.0, 0.0]).1, [0.0, 2.0]);
    assert_eq!(wengert::taylor::<2>(f, &[2.0, 0.0], &[0.0, 1.0]), [0.0, 2.0]);
    assert_eq!(f(&[2.0, 0.0]), 0.0);
}

/// The public ops of two operands: their names, and all of them in generic code, of numbers of one type, and with a plain
/// number as the second operand.
macro_rules! two_operands {
    ($($name:ident $Op:ident)+) => {
        const OF_TWO: &[Op] = &[$(Op::$Op),+];

        fn of_two<T: Real>(x: T, y: T) -> Vec<T> {
            vec![$(Scalar::$name(x, y)),+]
        }

        fn with_number<T: Real>(x: T, c: f64) -> Vec<T> {
            vec![$(Scalar::$name(x, c)),+]
        }

        fn expressions_with_number(x: Expr<'_>, c: f64) -> Vec<Expr<'_>> {
            vec![$(x.$name(c)),+]
        }
    };
}
two_operands! {
    add Add sub Sub mul Mul div Div pow Pow atan2 Atan2 hypot Hypot max Max min Min rem Rem copysign Copysign
    logaddexp Logaddexp xlogy Xlogy xlog1py Xlog1py less Lt less_equal Le greater Gt greater_equal Ge equal Eq not_equal Ne
}

/// Value, first and second derivative by `x` of expressions; of a free constant, it and zeros.
fn orders(g: &Graph, x: Expr<'_>, results: Vec<Expr<'_>>) -> Vec<[u64; 3]> {
    let order = |l: Expr<'_>| match l.graph() {
        Some(_) => [l.value(), g.gradient(l.id(), &[x.id()])[0], g.hessian(l.id(), &[x.id()])[0][0]],
        None => [l.value(), 0.0, 0.0],
    };
    // A NaN has many bits, and zeros of both signs are equal derivatives.
    let bits = |v: f64| if v.is_nan() { f64::NAN.to_bits() } else { (v + 0.0).to_bits() };
    results.into_iter().map(|l| order(l).map(bits)).collect()
}

const POINTS: [(f64, f64); 9] = [
    (2.0, 3.0),
    (3.0, 2.0),
    (2.0, 2.0),
    (-1.5, 2.0),
    (0.5, -2.0),
    (0.0, 0.0),
    (-0.0, 1.0),
    (f64::INFINITY, 1.0),
    (f64::NAN, 1.0),
];

#[test]
fn every_op_of_two_operands_takes_numbers_and_free_constants_in_both_orders() {
    let helpers = [Op::Sech2, Op::Prefer, Op::Softmax2, Op::Softmax2D, Op::ExpDiff, Op::Gmul, Op::Gdiv];
    for &op in Op::ALL.iter().filter(|op| op.arity() == Arity::Fixed(2) && op.immediates() == 0) {
        assert!(OF_TWO.contains(&op) != helpers.contains(&op), "{op} is tested, or is a helper");
    }
    for (x, c) in POINTS {
        let g = Graph::new();
        let (var, node, free) = (g.var(x), g.expr(g.constant(c)), Expr::constant(c));
        let after = orders(&g, var, of_two(var, node));
        assert_eq!(orders(&g, var, of_two(var, free)), after, "{x} with {c} after it");
        assert_eq!(orders(&g, var, expressions_with_number(var, c)), after, "{x} with the number {c} after it");
        assert_eq!(orders(&g, var, with_number(var, c)), after, "{x} with the number {c} in generic code");
        let before = orders(&g, var, of_two(node, var));
        assert_eq!(orders(&g, var, of_two(free, var)), before, "{x} with {c} before it");
        // Two free constants make one, with the value of plain numbers.
        for (constant, number) in of_two(Expr::constant(x), free).into_iter().zip(of_two(x, c)) {
            assert!(constant.graph().is_none());
            assert!(constant.value() == number || constant.value().is_nan() && number.is_nan());
        }
    }
}

#[test]
fn numbers_are_operands_of_every_kind_of_number() {
    let same = |a: f64, b: f64| a == b || a.is_nan() && b.is_nan();
    for (x, c) in POINTS {
        let dual = Dual::<1>::input(x, 0);
        for (number, constant) in with_number(dual, c).into_iter().zip(of_two(dual, Dual::new(c))) {
            assert!(same(number.value, constant.value) && same(number.tangents[0], constant.tangents[0]));
        }
        for (number, dual) in with_number(x, c).into_iter().zip(with_number(dual, c)) {
            assert!(same(number, dual.value), "{x}, {c}");
        }
    }
    fn clamped<T: Real>(x: T) -> T {
        x.clamp(0.0, 1.0).mul_add(2.0, x)
    }
    assert_eq!((clamped(3.0), clamped(Dual::<1>::input(0.5, 0)).tangents), (5.0, [3.0]));
    assert_eq!(clamped(Series::<2>::moving(0.5, 1.0)).coefficients, [1.5, 3.0]);
}
