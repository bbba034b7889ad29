//! Code over the traits of `num_traits` records what it records over expressions, guards included.

use num_traits::{
    Bounded, Float, FloatConst, FromPrimitive, Inv, MulAdd, MulAddAssign, Num, NumAssign, NumAssignRef, NumCast,
    NumRef, Pow, RefNum, Signed,
};
use wengert::{Expr, Graph};
use wengert_var::{Var, record};

/// Every method of `Float`, as nodes.
fn methods<T: Float + FloatConst>(x: T, y: T) -> Vec<T> {
    let (sin, cos) = x.sin_cos();
    vec![
        x.floor(),
        x.ceil(),
        x.round(),
        x.trunc(),
        x.fract(),
        x.abs(),
        x.signum(),
        x.mul_add(y, x),
        x.recip(),
        x.powi(3),
        x.powf(y),
        x.sqrt(),
        x.exp(),
        x.exp2(),
        x.ln(),
        x.log(y),
        x.log2(),
        x.log10(),
        x.to_degrees(),
        x.to_radians(),
        x.max(y),
        x.min(y),
        x.clamp(y, x),
        x.abs_sub(y),
        x.cbrt(),
        x.hypot(y),
        sin,
        cos,
        x.tan(),
        x.asin(),
        x.acos(),
        x.atan(),
        x.atan2(y),
        x.exp_m1(),
        x.ln_1p(),
        x.sinh(),
        x.cosh(),
        x.tanh(),
        x.asinh(),
        y.acosh(),
        x.atanh(),
        x.copysign(-y),
        x * T::PI() + T::E() * y - T::LN_2() / T::SQRT_2(),
        x % y,
    ]
}

/// Every question about a number and every cast.
fn answers<T: Float>(x: T) -> String {
    let questions = [
        x.is_nan(),
        x.is_infinite(),
        x.is_finite(),
        x.is_normal(),
        x.is_subnormal(),
        x.is_sign_positive(),
        x.is_sign_negative(),
        x.is_zero(),
        x.is_one(),
        x < T::one(),
    ];
    let whole = (x.to_i64(), x.to_u64(), x.to_i32(), x.to_u8(), x.to_i128(), x.to_u128(), x.to_usize());
    format!("{questions:?} {:?} {:?} {whole:?} {:?} {:?}", x.classify(), x.integer_decode(), x.to_f32(), x.to_f64())
}

#[test]
fn methods_record_what_they_record_over_expressions() {
    for (x, y) in [(0.5, 1.75), (0.25, 3.5)] {
        let (mut g, h) = (Graph::new(), Graph::new());
        record(&mut g, || methods(Var::leaf(x), Var::leaf(y)));
        methods(h.var(x), h.var(y));
        let nodes = |g: &Graph| -> Vec<_> {
            g.nodes().map(|node| (node.op, node.imm.map(f64::to_bits), node.value.to_bits())).collect()
        };
        assert_eq!(nodes(&g), nodes(&h));
        assert_eq!(g.guards().len(), h.guards().len());
    }
}

#[test]
fn answers_are_those_of_plain_numbers_with_the_guards_of_expressions() {
    for x in [0.0, -0.0, 1.0, -2.5, 1e-310, 7.75, 300.0, 1e40, f64::INFINITY, f64::NAN] {
        let (mut g, h) = (Graph::new(), Graph::new());
        let answer = record(&mut g, || answers(Var::leaf(x)));
        assert_eq!(answer, answers(x), "{x}");
        assert_eq!(answer, answers(h.var(x)), "{x}");
        let guards = |g: &Graph| g.guards().iter().map(|guard| (guard.relation, guard.recorded)).collect::<Vec<_>>();
        assert_eq!(guards(&g), guards(&h), "{x}");
        assert_eq!(answers::<Var>(x.into()), answers(x), "a constant, {x}");
    }
}

#[test]
fn a_cast_to_the_number_itself_is_a_constant() {
    let mut g = Graph::new();
    let (x, y) = record(&mut g, || {
        let x = Var::leaf(2.0);
        (x, <Var as NumCast>::from(x).unwrap() * x)
    });
    assert_eq!(g.gradient(y.id(), &[x.id()]), [2.0]);
    g.set(x.id(), 3.0);
    assert!(g.forward().is_err(), "a replay must read the same number");
}

/// Functions of every trait that generic crates ask for.
#[allow(clippy::op_ref, reason = "references are what is tested")]
fn bounds<T>(x: T, y: T) -> T
where
    T: Float
        + NumAssign
        + NumAssignRef
        + NumRef
        + Signed
        + Bounded
        + FromPrimitive
        + Default
        + std::iter::Sum
        + 'static,
    T: Pow<T, Output = T> + Pow<i32, Output = T> + Inv<Output = T> + MulAdd<Output = T> + MulAddAssign + Send + Sync,
    for<'a> T: std::iter::Sum<&'a T> + std::iter::Product<&'a T>,
    for<'a> &'a T: RefNum<T>,
{
    let mut z = x;
    z += y;
    z *= &x;
    z.mul_add_assign(x, y);
    let list = [x, y, z, T::from_i64(3).unwrap(), T::from_f64(0.5).unwrap(), T::from_u64(2).unwrap()];
    let sum: T = list.iter().sum();
    let product: T = list.iter().product();
    let high = T::from_str_radix("2.5", 10).ok().unwrap() + Pow::pow(x, 2) + Pow::pow(x, y) + y.inv() + T::default();
    let below = <T as Bounded>::max_value() > x && x > <T as Bounded>::min_value() && Signed::is_positive(&x);
    if below { &sum + &product + MulAdd::mul_add(x, y, high) + Signed::abs(&z) } else { T::nan() }
}

#[test]
fn it_has_the_traits_that_generic_crates_ask_for() {
    let mut g = Graph::new();
    let (x, l) = record(&mut g, || {
        let x = [Var::leaf(0.5), Var::leaf(1.5)];
        (x.map(Var::id), bounds(x[0], x[1]).id())
    });
    let expected = bounds(0.5, 1.5);
    assert!((g.value(l) - expected).abs() <= 4.0 * f64::EPSILON * expected.abs());
    let slopes = g.gradient(l, &x);
    let step = 1e-5;
    let differences =
        [bounds(0.5 + step, 1.5) - bounds(0.5 - step, 1.5), bounds(0.5, 1.5 + step) - bounds(0.5, 1.5 - step)];
    for (slope, difference) in slopes.iter().zip(differences) {
        assert!((slope - difference / (2.0 * step)).abs() < 1e-8, "{slope} {difference}");
    }
}

#[test]
fn text_that_is_not_a_number_is_an_error() {
    assert!(Var::from_str_radix("two", 10).is_err());
    assert_eq!(Var::from_str_radix("1e3", 10).unwrap().value(), 1000.0);
}

/// An expression is one node for any number of operands, and so is a sum of numbers.
#[test]
fn sums_and_products_are_one_node() {
    let mut g = Graph::new();
    record(&mut g, || {
        let x = [1.0, 2.0, 3.0].map(Var::leaf);
        let _: (Var, Var, Var, Var) =
            (x.iter().sum(), x.into_iter().sum(), x.iter().product(), x.into_iter().product());
    });
    assert_eq!(g.len(), 7);
    let h = Graph::new();
    let _: Expr = [1.0, 2.0, 3.0].map(|x| h.var(x)).into_iter().sum();
    assert_eq!(h.len(), 4);
}

#[test]
fn integers_of_any_size_become_numbers() {
    use num_traits::FromPrimitive;
    assert_eq!(Var::from_u128(1 << 100).map(|x| x.value()), Some(2.0_f64.powi(100)));
    assert_eq!(Var::from_i128(-(1 << 100)).map(|x| x.value()), Some(-(2.0_f64.powi(100))));
}
