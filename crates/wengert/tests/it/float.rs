//! Expressions as `num_traits::Float`: numeric code records itself, every method gives the same value as for `f64`, and
//! derivatives are right.

use num_traits::{Float, FromPrimitive, Num, NumCast, One, ToPrimitive, Zero};
use wengert::{Expr, Graph};

/// Ordinary numbers, then special ones.
const POINTS: [f64; 34] = [
    0.5,
    1.25,
    2.0,
    3.7,
    10.0,
    0.9,
    1e-10,
    1e10,
    2.5,
    3.5,
    20.0,
    0.1,
    -0.5,
    -1.25,
    -2.0,
    -3.7,
    -0.9,
    -1e-10,
    -2.5,
    -20.0,
    0.0,
    -0.0,
    1.0,
    -1.0,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
    f64::MIN_POSITIVE,
    5e-324,
    -1e-310,
    f64::EPSILON,
    4503599627370497.5,
    1e300,
    f64::MAX,
];

/// The distance of two numbers in units of the last place. `None` if one is special and the other differs.
fn ulps(a: f64, b: f64) -> Option<u64> {
    if a == b || a.is_nan() && b.is_nan() {
        return Some(0);
    }
    let ordered = |x: f64| {
        let bits = x.to_bits() as i64;
        if bits < 0 { i64::MIN.wrapping_sub(bits) } else { bits }
    };
    (a.is_finite() && b.is_finite()).then(|| ordered(a).abs_diff(ordered(b)))
}

/// A method to compare: its name, how far the two forms may differ in units of the last place, and the two forms.
type Unary<'g> = (&'static str, u64, fn(f64) -> f64, fn(Expr<'g>) -> Expr<'g>);

/// Methods of one argument, as `Float` has them for `f64` and for expressions.
macro_rules! unary {
    ($ulps:literal: $($name:ident)+) => {
        [$({
            let both: Unary<'_> = (stringify!($name), $ulps, |x| Float::$name(x), |x| Float::$name(x));
            both
        }),+]
    };
}

fn unary<'g>() -> Vec<Unary<'g>> {
    let mut all = Vec::new();
    all.extend(unary!(0: floor ceil round trunc fract abs signum recip sqrt to_degrees to_radians));
    all.extend(unary!(3:
        exp exp2 ln log2 log10 cbrt sin cos tan asin acos atan exp_m1 ln_1p sinh cosh tanh asinh acosh atanh
    ));
    all
}

/// Where the standard library is wrong: the method, the point, the right value.
const CORRECTED: [(&str, f64, f64); 4] = [
    ("asinh", f64::MAX, 710.4758600739439),
    ("acosh", f64::MAX, 710.4758600739439),
    ("asinh", 1e300, 691.4686750787736),
    ("acosh", 1e300, 691.4686750787736),
];

#[test]
fn every_method_of_one_argument_has_the_value_of_f64() {
    let g = Graph::new();
    for (name, most, plain, recorded) in unary() {
        for x in POINTS {
            let corrected = CORRECTED.iter().find(|&&(of, at, _)| (of, at) == (name, x));
            let want = corrected.map_or_else(|| plain(x), |&(_, _, value)| value);
            for (what, e) in [("a leaf", g.var(x)), ("a free constant", Expr::constant(x))] {
                let got = recorded(e).value();
                assert!(
                    ulps(got, want).is_some_and(|off| off <= most),
                    "{name}({x:?}) of {what}: {got:?} for {want:?}"
                );
                let zero = got == 0.0;
                assert!(
                    !zero || got.is_sign_negative() == want.is_sign_negative(),
                    "{name}({x:?}): {got:?} for {want:?}"
                );
            }
        }
    }
}

/// Methods of two arguments: how far the two forms may differ, and the two forms.
type Binary<'g> = (&'static str, u64, fn(f64, f64) -> f64, fn(Expr<'g>, Expr<'g>) -> Expr<'g>);

fn binary<'g>() -> Vec<Binary<'g>> {
    vec![
        ("add", 0, |x, y| x + y, |x, y| x + y),
        ("sub", 0, |x, y| x - y, |x, y| x - y),
        ("mul", 0, |x, y| x * y, |x, y| x * y),
        ("div", 0, |x, y| x / y, |x, y| x / y),
        ("rem", 0, |x, y| x % y, |x, y| x % y),
        ("copysign", 0, Float::copysign, Float::copysign),
        ("powf", 3, Float::powf, Float::powf),
        ("hypot", 3, Float::hypot, Float::hypot),
        ("atan2", 3, Float::atan2, Float::atan2),
        // Two logarithms and a quotient, on both sides.
        ("log", 6, Float::log, Float::log),
        ("abs_sub", 0, fdim, Float::abs_sub),
        ("max", 0, Float::max, Float::max),
        ("min", 0, Float::min, Float::min),
        ("clamp", 0, |x, y| Float::clamp(x, y, 2.0), |x, y| Float::clamp(x, y, Expr::constant(2.0))),
    ]
}

/// C's `fdim`, the positive difference, which is what `f64::abs_sub` computes.
fn fdim(x: f64, y: f64) -> f64 {
    if x.is_nan() || y.is_nan() {
        f64::NAN
    } else if x > y {
        x - y
    } else {
        0.0
    }
}

#[test]
fn every_method_of_two_arguments_has_the_value_of_f64() {
    let g = Graph::new();
    for (name, most, plain, recorded) in binary() {
        for x in POINTS {
            for y in POINTS {
                let nan = x.is_nan() || y.is_nan();
                if nan && (name == "max" || name == "min") || name == "clamp" && (y.is_nan() || y > 2.0) {
                    continue;
                }
                let want = plain(x, y);
                let got = recorded(g.var(x), g.var(y)).value();
                assert!(ulps(got, want).is_some_and(|off| off <= most), "{name}({x:?}, {y:?}): {got:?} for {want:?}");
                let mixed = recorded(g.var(x), Expr::constant(y)).value();
                assert_eq!((mixed.to_bits(), mixed.is_nan()), (got.to_bits(), got.is_nan()), "{name}({x:?}, {y:?})");
            }
        }
    }
}

#[test]
fn a_maximum_with_nan_is_nan_other_than_with_f64() {
    let g = Graph::new();
    let (x, nan) = (g.var(1.0), g.var(f64::NAN));
    for e in [Float::max(x, nan), Float::max(nan, x), Float::min(x, nan), Float::min(nan, x)] {
        assert!(e.value().is_nan());
    }
    assert_eq!(<f64 as Float>::max(1.0, f64::NAN), 1.0);
    let folded = [x, x].into_iter().fold(<Expr<'_> as Float>::nan(), Float::max);
    assert!(folded.value().is_nan(), "a fold that starts from NaN stays NaN");
}

#[test]
fn whole_powers_have_the_value_of_f64() {
    let g = Graph::new();
    for x in POINTS {
        for n in [0, 1, 2, 3, 4, -1, -2, -3, 7, 10, i32::MAX, i32::MIN] {
            let (got, want) = (Float::powi(g.var(x), n).value(), x.powf(n.into()));
            assert!(ulps(got, want).is_some_and(|off| off <= 3), "{x:?}^{n}: {got:?} for {want:?}");
        }
    }
}

#[test]
fn the_rest_has_the_value_of_f64() {
    let g = Graph::new();
    for x in POINTS {
        let e = g.var(x);
        let (sin, cos) = Float::sin_cos(e);
        assert!(ulps(sin.value(), x.sin()).is_some_and(|off| off <= 3));
        assert!(ulps(cos.value(), x.cos()).is_some_and(|off| off <= 3));
        let fused = Float::mul_add(e, g.var(3.0), g.var(-1.0)).value();
        assert_eq!((fused.to_bits(), x.is_nan()), (x.mul_add(3.0, -1.0).to_bits(), fused.is_nan()));
        assert_eq!(Float::is_nan(e), x.is_nan());
        assert_eq!(Float::is_infinite(e), x.is_infinite());
        assert_eq!(Float::is_finite(e), x.is_finite());
        assert_eq!(Float::is_normal(e), x.is_normal());
        assert_eq!(Float::is_subnormal(e), x.is_subnormal());
        assert_eq!(Float::classify(e), x.classify());
        assert_eq!(Float::is_sign_positive(e), x.is_sign_positive());
        assert_eq!(Float::is_sign_negative(e), x.is_sign_negative());
        assert_eq!(Float::integer_decode(e), Float::integer_decode(x));
        assert_eq!(e.is_zero(), x.is_zero());
        assert_eq!(e.to_i64(), ToPrimitive::to_i64(&x), "{x:?}");
        assert_eq!(e.to_u64(), ToPrimitive::to_u64(&x), "{x:?}");
        assert_eq!(e.to_i128(), ToPrimitive::to_i128(&x), "{x:?}");
        assert_eq!(e.to_u128(), ToPrimitive::to_u128(&x), "{x:?}");
        assert_eq!(e.to_i32(), ToPrimitive::to_i32(&x), "{x:?}");
        assert_eq!(e.to_u8(), ToPrimitive::to_u8(&x), "{x:?}");
        assert_eq!(e.to_f64().map(f64::to_bits), Some(x.to_bits()));
        assert_eq!(e.to_f32().map(f32::to_bits), ToPrimitive::to_f32(&x).map(f32::to_bits), "{x:?}");
    }
}

#[test]
fn constants_are_those_of_f64_and_of_no_graph() {
    type E<'g> = Expr<'g>;
    let constants: [(E<'_>, f64); 10] = [
        (E::nan(), f64::NAN),
        (E::infinity(), f64::INFINITY),
        (E::neg_infinity(), f64::NEG_INFINITY),
        (E::neg_zero(), -0.0),
        (E::min_value(), f64::MIN),
        (E::max_value(), f64::MAX),
        (E::min_positive_value(), f64::MIN_POSITIVE),
        (<E<'_> as Float>::epsilon(), f64::EPSILON),
        (E::zero(), 0.0),
        (E::one(), 1.0),
    ];
    for (e, want) in constants {
        assert_eq!(e.value().to_bits(), want.to_bits());
        assert!(e.graph().is_none());
    }
    assert_eq!(E::from_str_radix("-2.5", 10).map(Expr::value).ok(), Some(-2.5));
    assert!(E::from_str_radix("two", 10).is_err());
    assert_eq!(<E<'_> as NumCast>::from(3u8).map(Expr::value), Some(3.0));
    assert_eq!(E::from_i64(-3).map(Expr::value), Some(-3.0));
    assert_eq!(E::from_u64(3).map(Expr::value), Some(3.0));
    assert_eq!(E::from_f64(0.1).map(Expr::value), Some(0.1));
    assert_eq!(E::from_usize(7).map(Expr::value), Some(7.0));
}

/// A polynomial by Horner's rule.
fn horner<T: Float>(coefficients: &[T], x: T) -> T {
    coefficients.iter().fold(T::zero(), |sum, &c| sum * x + c)
}

#[test]
fn a_polynomial_records_itself() {
    let g = Graph::new();
    let c: Vec<Expr<'_>> = [2.0, -3.0, 0.5, 7.0].map(|c| g.var(c)).into();
    let x = g.var(1.5);
    let l = horner(&c, x);
    assert_eq!(l.value(), horner(&[2.0, -3.0, 0.5, 7.0], 1.5));
    l.backward();
    assert_eq!(x.grad(), 6.0 * 1.5 * 1.5 - 6.0 * 1.5 + 0.5);
    assert_eq!(c.iter().map(|c| c.grad()).collect::<Vec<_>>(), [3.375, 2.25, 1.5, 1.0]);
}

/// The root of `f` near `x`, by Newton's method with the given slope.
fn newton<T: Float>(f: impl Fn(T) -> T, slope: impl Fn(T) -> T, mut x: T) -> T {
    for _ in 0..50 {
        let step = f(x) / slope(x);
        x = x - step;
        if step.abs() <= T::epsilon() * x.abs() {
            break;
        }
    }
    x
}

#[test]
fn newtons_method_records_itself_and_differentiates_in_its_parameter() {
    let mut g = Graph::new();
    let a = g.leaf(2.0);
    let l = {
        let a = g.expr(a);
        newton(|x| x * x - a, |x| x + x, Expr::one() + a / 4.0).id()
    };
    let root = newton(|x: f64| x * x - 2.0, |x| x + x, 1.5);
    assert_eq!(g.value(l), root);
    g.backward(l);
    assert!((g.grad(a) - 0.5 / root).abs() < 1e-15, "{}", g.grad(a));
    let curvature = g.hessian(l, &[a])[0][0];
    assert!((curvature + 0.25 / root.powi(3)).abs() < 1e-14, "{curvature}");
    let steps = g.guards().len();
    assert!((2..10).contains(&steps), "one guard a step: {steps}");
    g.set(a, 2.0000001);
    g.forward().unwrap();
    assert!((g.value(l) - 2.0000001f64.sqrt()).abs() < 1e-15);
    g.set(a, 2e6);
    assert!(g.forward().is_err(), "more steps would be needed");
}

/// Simpson's rule, halved until two results agree.
fn integral<T: Float>(f: &impl Fn(T) -> T, low: T, high: T) -> T {
    let number = |n: usize| T::from(n).expect("a small whole number converts");
    let mut last = T::infinity();
    for panels in [4usize, 8, 16, 32, 64, 128, 256] {
        let h = (high - low) / number(2 * panels);
        let mut sum = f(low) + f(high);
        for k in 1..2 * panels {
            sum = sum + f(low + h * number(k)) * number(if k % 2 == 1 { 4 } else { 2 });
        }
        let now = sum * h / number(3);
        if Float::abs(now - last) <= number(1) / number(10_000_000_000) {
            return now;
        }
        last = now;
    }
    last
}

#[test]
fn a_quadrature_records_itself_and_differentiates_in_limits_and_parameters() {
    let g = Graph::new();
    let (low, high, k) = (g.var(0.25), g.var(1.5), g.var(2.0));
    let l = integral(&|x: Expr<'_>| (k * x).sin() * (-x).exp(), low, high);
    let f = |k: f64, x: f64| (k * x).sin() * (-x).exp();
    assert_eq!(l.value(), integral(&|x: f64| f(2.0, x), 0.25, 1.5));
    l.backward();
    // d/dx of the antiderivative is the integrand; d/dk goes under the integral sign.
    assert!((high.grad() - f(2.0, 1.5)).abs() < 1e-8, "{}", high.grad());
    assert!((low.grad() + f(2.0, 0.25)).abs() < 1e-8, "{}", low.grad());
    let slope = integral(&|x: f64| x * (2.0 * x).cos() * (-x).exp(), 0.25, 1.5);
    assert!((k.grad() - slope).abs() < 1e-9, "{} for {slope}", k.grad());
}

#[test]
fn derivatives_of_the_methods_that_are_no_rows_are_right() {
    let slope = |f: fn(Expr<'_>) -> Expr<'_>, x: f64| {
        let g = Graph::new();
        let x = g.var(x);
        f(x).backward();
        x.grad()
    };
    assert_eq!(slope(|x| Float::signum(x), -2.0), 0.0);
    assert_eq!(slope(|x| Float::to_degrees(x), 1.0), 180.0 / std::f64::consts::PI);
    assert_eq!(slope(|x| Float::to_radians(x), 1.0), std::f64::consts::PI / 180.0);
    assert_eq!(slope(|x| Float::abs_sub(x, Expr::constant(1.0)), 3.0), 1.0);
    assert_eq!(slope(|x| Float::abs_sub(x, Expr::constant(1.0)), -3.0), 0.0);
    assert_eq!(slope(|x| Float::log(x, Expr::constant(2.0)), 4.0), 0.25 / 2f64.ln());
    let (sin, cos) = (slope(|x| Float::sin_cos(x).0, 0.5), slope(|x| Float::sin_cos(x).1, 0.5));
    assert_eq!((sin, cos), (0.5f64.cos(), -0.5f64.sin()));
}
