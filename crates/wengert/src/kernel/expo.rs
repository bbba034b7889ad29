//! Exponentials and logarithms.
//!
//! Read `trig.rs` next.

/// `e^x`.
#[inline]
pub fn exp(x: f64) -> f64 {
    pxfm::f_exp(x)
}

/// `2^x`.
#[inline]
pub fn exp2(x: f64) -> f64 {
    pxfm::f_exp2(x)
}

/// `e^x - 1`, accurate near 0.
#[inline]
pub fn exp_m1(x: f64) -> f64 {
    pxfm::f_expm1(x)
}

/// The natural logarithm; `-inf` at both zeros, NaN below.
#[inline]
pub fn ln(x: f64) -> f64 {
    pxfm::f_log(x)
}

/// The logarithm to base 2.
#[inline]
pub fn log2(x: f64) -> f64 {
    pxfm::f_log2(x)
}

/// The logarithm to base 10.
#[inline]
pub fn log10(x: f64) -> f64 {
    pxfm::f_log10(x)
}

/// `ln(1 + x)`, accurate near 0.
#[inline]
pub fn ln_1p(x: f64) -> f64 {
    pxfm::f_log1p(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    const INF: f64 = f64::INFINITY;
    const NAN: f64 = f64::NAN;

    #[test]
    fn exponentials_have_their_limits() {
        assert_eq!((exp(-INF), exp(0.0), exp(INF)), (0.0, 1.0, INF));
        assert_eq!((exp2(-INF), exp2(3.0), exp2(INF)), (0.0, 8.0, INF));
        assert_eq!((exp_m1(-INF), exp_m1(INF)), (-1.0, INF));
        assert!(exp_m1(-0.0).is_sign_negative());
        assert_eq!(
            (exp(710.0), exp(-746.0), exp(-745.0)),
            (INF, 0.0, f64::from_bits(1))
        );
        assert!(exp(NAN).is_nan() && exp2(NAN).is_nan() && exp_m1(NAN).is_nan());
    }

    #[test]
    fn logarithms_have_their_limits() {
        for f in [ln, log2, log10] {
            assert_eq!((f(0.0), f(-0.0), f(1.0), f(INF)), (-INF, -INF, 0.0, INF));
            assert!(f(-1.0).is_nan() && f(-INF).is_nan() && f(NAN).is_nan());
        }
        assert_eq!((ln_1p(-1.0), ln_1p(0.0), ln_1p(INF)), (-INF, 0.0, INF));
        assert!(ln_1p(-2.0).is_nan() && ln_1p(NAN).is_nan() && ln_1p(-0.0).is_sign_negative());
        assert_eq!((log2(1024.0), log10(1000.0)), (10.0, 3.0));
    }
}
