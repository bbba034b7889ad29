//! The traits of linear algebra have the values of plain numbers.

use super::nalgebra::{ComplexField, RealField};
use super::simba::simd::SimdValue;
use wengert::Graph;
use wengert_var::{Var, record};

use crate::panic_of;

#[test]
fn the_field_has_the_values_of_plain_numbers() {
    type Unary<T> = fn(T) -> T;
    type Binary<T> = fn(T, T) -> T;
    let unary: [(&str, Unary<Var>, Unary<f64>); 12] = [
        ("signum", ComplexField::signum, ComplexField::signum),
        ("modulus", ComplexField::modulus, ComplexField::modulus),
        ("modulus_squared", ComplexField::modulus_squared, ComplexField::modulus_squared),
        ("norm1", ComplexField::norm1, ComplexField::norm1),
        ("argument", ComplexField::argument, ComplexField::argument),
        ("conjugate", ComplexField::conjugate, ComplexField::conjugate),
        ("imaginary", ComplexField::imaginary, ComplexField::imaginary),
        ("to_exp", |x| x.to_exp().0 * x.to_exp().1, |x: f64| x.to_exp().0 * x.to_exp().1),
        ("powi", |x| ComplexField::powi(x, 3), |x| ComplexField::powi(x, 3)),
        ("cube root", ComplexField::cbrt, ComplexField::cbrt),
        ("fract", ComplexField::fract, ComplexField::fract),
        ("sinc", ComplexField::sinc, ComplexField::sinc),
    ];
    for (name, of_var, of_plain) in unary {
        for x in [0.0, 0.5, 2.25, -1.75] {
            let (actual, expected): (f64, f64) = (of_var(x.into()).value(), of_plain(x));
            assert!(
                (actual - expected).abs() <= 2.0 * f64::EPSILON * expected.abs(),
                "{name} of {x}: {actual}, {expected}"
            );
        }
    }
    let binary: [(&str, Binary<Var>, Binary<f64>); 8] = [
        ("atan2", RealField::atan2, RealField::atan2),
        ("hypot", ComplexField::hypot, ComplexField::hypot),
        ("max", RealField::max, RealField::max),
        ("min", RealField::min, RealField::min),
        ("copysign", RealField::copysign, RealField::copysign),
        ("powf", ComplexField::powf, ComplexField::powf),
        ("log", ComplexField::log, ComplexField::log),
        ("unscale", ComplexField::unscale, ComplexField::unscale),
    ];
    for (name, of_var, of_plain) in binary {
        for (x, y) in [(0.5, 2.0), (3.0, 0.25), (2.0, 2.0)] {
            let (actual, expected): (f64, f64) = (of_var(x.into(), y.into()).value(), of_plain(x, y));
            assert!(
                (actual - expected).abs() <= 2.0 * f64::EPSILON * expected.abs(),
                "{name} of {x}, {y}: {actual}, {expected}"
            );
        }
    }
    let constants: [(Var, f64); 15] = [
        (Var::pi(), f64::pi()),
        (Var::two_pi(), f64::two_pi()),
        (Var::frac_pi_2(), f64::frac_pi_2()),
        (Var::frac_pi_3(), f64::frac_pi_3()),
        (Var::frac_pi_4(), f64::frac_pi_4()),
        (Var::frac_pi_6(), f64::frac_pi_6()),
        (Var::frac_pi_8(), f64::frac_pi_8()),
        (Var::frac_1_pi(), f64::frac_1_pi()),
        (Var::frac_2_pi(), f64::frac_2_pi()),
        (Var::frac_2_sqrt_pi(), f64::frac_2_sqrt_pi()),
        (Var::e(), f64::e()),
        (Var::log2_e(), f64::log2_e()),
        (Var::log10_e(), f64::log10_e()),
        (Var::ln_2(), f64::ln_2()),
        (Var::ln_10(), f64::ln_10()),
    ];
    for (k, (actual, expected)) in constants.into_iter().enumerate() {
        assert_eq!(actual.value(), expected, "constant {k}");
    }
    let mut x = Var::from(1.0);
    x.replace(0, 2.0.into());
    assert_eq!((x.extract(0).value(), SimdValue::select(x, false, 3.0.into()).value()), (2.0, 3.0));
    assert!(panic_of(|| x.extract(1)).contains("one lane"));
}

#[test]
fn a_method_of_several_traits_can_be_called_where_all_are_in_scope() {
    #[allow(unused_imports, reason = "that they are in scope is what is tested")]
    use num_traits::{Float, MulAdd, Pow, Signed};
    use wengert::Scalar;
    let mut g = Graph::new();
    let (x, y, nodes) = record(&mut g, || {
        let [x, y] = [1.5, 0.5].map(Var::leaf);
        let (sin, cos) = x.sin_cos();
        let nodes = [
            (x.powf(y), Scalar::pow(x, y)),
            (x.powf(2.5), Scalar::powf(x, 2.5)),
            (x.pow(y), Scalar::pow(x, y)),
            (x.pow(2.5), Scalar::powf(x, 2.5)),
            (x.pow(3), Scalar::powi(x, 3)),
            (x.powi(3), Scalar::powi(x, 3)),
            (x.log(y), Float::log(x, y)),
            (x.log(2.0), Float::log(x, Var::from(2.0))),
            (x.signum(), Float::signum(x)),
            (sin, Scalar::sin(x)),
            (cos, Scalar::cos(x)),
            (x.mul_add(y, x), Scalar::mul_add(x, y, x)),
            (x.abs(), Scalar::abs(x)),
        ];
        assert!(x.is_finite() && x.is_sign_positive() && !x.is_sign_negative());
        (x, y, nodes)
    });
    let same = |id| {
        let node = g.node(id);
        (node.op, node.imm, node.value.to_bits(), g.gradient(id, &[x.id(), y.id()]))
    };
    for (k, (a, b)) in nodes.iter().enumerate() {
        assert_eq!(same(a.id()), same(b.id()), "{k}");
    }
}
