//! Numbers as bit patterns, and distances in units in the last place.
//!
//! An exact value is kept as `hi + lo`, where `lo` is the f64 nearest to the rest
//! that `hi` leaves: about 106 bits, enough to see fractions of an ulp.

use std::fmt;

/// Half the distance from 1 to the next f64: the relative error of one rounding.
pub const U: f64 = f64::EPSILON / 2.0;

/// Reads 16 hexadecimal digits as the bits of an f64; `None` for anything else.
pub fn from_bits(text: &str) -> Option<f64> {
    // The digits are checked first because from_str_radix would take a sign.
    let digits = text.len() == 16 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let bits = digits.then(|| u64::from_str_radix(text, 16).ok())??;
    Some(f64::from_bits(bits))
}

/// Displays a number as its 16 hexadecimal digits.
///
/// Every NaN prints as `7ff8000000000000`, since its sign and payload have no
/// meaning.
#[derive(Clone, Copy, Debug)]
pub struct Bits(pub f64);

impl fmt::Display for Bits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let canonical = if self.0.is_nan() { f64::NAN } else { self.0 };
        write!(f, "{:016x}", canonical.to_bits())
    }
}

/// The distance from `|x|` to the next f64 away from zero, by the exponent of `x`.
///
/// It is 2^-1074 for zero and the subnormals, NaN where `x` is not finite.
pub fn ulp(x: f64) -> f64 {
    if !x.is_finite() {
        return f64::NAN;
    }
    let exponent = (x.to_bits() >> 52) & 0x7ff;
    match exponent {
        0 | 1 => f64::from_bits(1),
        2..=52 => f64::from_bits(1 << (exponent - 1)),
        _ => f64::from_bits((exponent - 52) << 52),
    }
}

/// An exact value: `hi + lo`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exact {
    /// The value rounded to f64; NaN where it is undefined.
    pub hi: f64,
    /// The f64 nearest to the rest that `hi` leaves.
    pub lo: f64,
}

impl Exact {
    /// An exact value that is an f64.
    pub fn new(hi: f64) -> Self {
        Self { hi, lo: 0.0 }
    }

    /// `actual` minus the exact value: 0 for the same infinity (and for NaN where
    /// NaN is expected), infinite where just one of the two is not finite.
    pub fn error(self, actual: f64) -> f64 {
        if actual.is_finite() && self.hi.is_finite() {
            (actual - self.hi) - self.lo
        } else if actual == self.hi || (actual.is_nan() && self.hi.is_nan()) {
            0.0
        } else {
            f64::INFINITY
        }
    }

    /// The size of the error in units of `ulp(hi)`.
    pub fn ulps(self, actual: f64) -> f64 {
        let error = self.error(actual).abs();
        if error == 0.0 || error.is_infinite() { error } else { error / ulp(self.hi) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ulp_is_the_gap_to_the_next_number_up() {
        let mut samples = vec![0.0, 1.0, 1.5, 3.0, 0.1, f64::MIN_POSITIVE, 1e308, 5e-324];
        samples.extend((1..2047_u64).map(|e| f64::from_bits(e << 52 | 12345)));
        for x in samples {
            if x < f64::MAX {
                assert_eq!(ulp(x), x.next_up() - x, "{x:e}");
                assert_eq!(ulp(-x), ulp(x));
            }
        }
        assert!(ulp(f64::INFINITY).is_nan() && ulp(f64::NAN).is_nan());
    }

    #[test]
    fn bits_are_read_strictly_and_written_back() {
        for x in [0.0, -0.0, 1.5, f64::INFINITY, 5e-324, f64::MAX] {
            let read = from_bits(&Bits(x).to_string()).unwrap();
            assert_eq!(read.to_bits(), x.to_bits());
        }
        assert_eq!(Bits(-f64::NAN).to_string(), "7ff8000000000000");
        for bad in ["", "0", "+000000000000000", "00000000000000000", "000000000000000g", "é0"] {
            assert!(from_bits(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn errors_see_below_half_an_ulp() {
        let third = Exact { hi: 1.0 / 3.0, lo: 1.0 / 3.0 * 2f64.powi(-54) };
        assert!((third.ulps(1.0 / 3.0) - 1.0 / 3.0).abs() < 1e-9);
        assert_eq!(Exact::new(f64::INFINITY).ulps(f64::INFINITY), 0.0);
        assert_eq!(Exact::new(f64::INFINITY).ulps(f64::MAX), f64::INFINITY);
        assert_eq!(Exact::new(1.0).ulps(f64::NAN), f64::INFINITY);
        assert_eq!(Exact::new(0.0).ulps(5e-324), 1.0);
    }
}
