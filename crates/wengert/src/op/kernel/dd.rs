//! Double-double arithmetic: a number as the unevaluated sum of two `f64`, about 106 bits.
//!
//! The accurate cores of the kernel (powers, Gaussians, polygammas, canceling logarithms) run on it. Products use
//! Dekker's splitting, because `f64::mul_add` is a slow library call where the target has no fused multiply-add.
//! All functions are `const`, so that the compiler can compute the tables from a few constants.

use crate::float;

/// `hi + lo`, with `|lo| <= ulp(hi) / 2`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dd {
    pub(super) hi: f64,
    pub(super) lo: f64,
}

/// ln 2 to 106 bits.
pub(super) const LN_2: Dd = Dd { hi: f64::from_bits(0x3fe6_2e42_fefa_39ef), lo: f64::from_bits(0x3c7a_bc9e_3b39_803f) };

/// `a + b` with its rounding error, for any magnitudes (Knuth).
#[inline(always)]
pub(super) const fn two_sum(a: f64, b: f64) -> Dd {
    let hi = a + b;
    let t = hi - a;
    let lo = (a - (hi - t)) + (b - t);
    Dd { hi, lo }
}

/// `a + b` with its rounding error, for `|a| >= |b|` or `a == 0` (Dekker).
#[inline(always)]
pub(super) const fn fast_two_sum(a: f64, b: f64) -> Dd {
    let hi = a + b;
    let lo = b - (hi - a);
    Dd { hi, lo }
}

/// `a` as two halves of at most 26 bits (Veltkamp). Overflows above 2^996.
#[inline(always)]
const fn split(a: f64) -> (f64, f64) {
    let c = 134_217_729.0 * a;
    let hi = c - (c - a);
    (hi, a - hi)
}

/// `a * b` with its rounding error (Dekker), for factors below 2^996 whose product is not near underflow.
#[inline(always)]
pub(super) const fn two_prod(a: f64, b: f64) -> Dd {
    let hi = a * b;
    let (ah, al) = split(a);
    let (bh, bl) = split(b);
    let lo = ((ah * bh - hi) + ah * bl + al * bh) + al * bl;
    Dd { hi, lo }
}

impl Dd {
    pub(super) const ZERO: Dd = Dd::new(0.0);
    pub(super) const ONE: Dd = Dd::new(1.0);

    #[inline(always)]
    pub(super) const fn new(hi: f64) -> Dd {
        Dd { hi, lo: 0.0 }
    }

    /// The sum, with a relative error of about 2^-105, even if the terms cancel.
    #[inline(always)]
    pub(super) const fn add(self, b: Dd) -> Dd {
        let s = two_sum(self.hi, b.hi);
        let t = two_sum(self.lo, b.lo);
        let s = fast_two_sum(s.hi, s.lo + t.hi);
        fast_two_sum(s.hi, s.lo + t.lo)
    }

    #[inline(always)]
    pub(super) const fn neg(self) -> Dd {
        Dd { hi: -self.hi, lo: -self.lo }
    }

    #[inline(always)]
    pub(super) const fn sub(self, b: Dd) -> Dd {
        self.add(b.neg())
    }

    #[inline(always)]
    pub(super) const fn mul(self, b: Dd) -> Dd {
        let p = two_prod(self.hi, b.hi);
        fast_two_sum(p.hi, p.lo + (self.hi * b.lo + self.lo * b.hi))
    }

    /// The product with a power of two. With any other factor, each half is rounded once.
    #[inline(always)]
    pub(super) const fn scale(self, s: f64) -> Dd {
        Dd { hi: self.hi * s, lo: self.lo * s }
    }

    #[inline(always)]
    pub(super) const fn div(self, b: Dd) -> Dd {
        let q = self.hi / b.hi;
        let r = self.sub(b.mul(Dd::new(q)));
        let q2 = r.hi / b.hi;
        let r = r.sub(b.mul(Dd::new(q2)));
        let q3 = r.hi / b.hi;
        let q = fast_two_sum(q, q2);
        fast_two_sum(q.hi, q.lo + q3)
    }

    #[inline(always)]
    pub(super) fn sqrt(self) -> Dd {
        let s = float::sqrt(self.hi);
        let r = self.sub(two_prod(s, s));
        fast_two_sum(s, r.hi / (s + s))
    }

    #[inline(always)]
    pub(super) const fn value(self) -> f64 {
        self.hi + self.lo
    }
}

/// `2^e` for `-1022 <= e <= 1023`.
#[inline(always)]
pub(super) const fn exp2i(e: i32) -> f64 {
    f64::from_bits(((e + 1023) as u64) << 52)
}

/// `x * 2^e` for any `e`, rounded once if the result is subnormal. `|x|` must be at least 2^-500.
#[inline]
pub(super) const fn ldexp(x: f64, e: i32) -> f64 {
    if -1000 < e && e < 1000 && x.abs() < 2.0 && x.abs() > 2e-7 {
        return x * exp2i(e);
    }
    // From a number near 1, two steps reach every finite result. The third is for the far tails.
    let e = if e < -3000 {
        -3000
    } else if e > 3000 {
        3000
    } else {
        e
    };
    let a = e / 3;
    let b = (e - a) / 2;
    x * exp2i(b) * exp2i(a) * exp2i(e - a - b)
}

/// A finite `x != 0` as `(m, e)` with `x = m * 2^e`, `1 <= |m| < 2`.
#[inline]
pub(super) const fn frexp(x: f64) -> (f64, i32) {
    let mut bits = x.to_bits();
    let mut e = 0;
    if (bits >> 52) & 0x7ff == 0 {
        bits = (x * exp2i(54)).to_bits();
        e = -54;
    }
    e += ((bits >> 52) & 0x7ff) as i32 - 1023;
    (f64::from_bits(bits & 0x800f_ffff_ffff_ffff | 0x3ff0_0000_0000_0000), e)
}

/// A [`Dd`] with a separate exponent, so that no intermediate result under- or overflows: `m * 2^e` with `|m.hi|` in
/// `[1, 2)`, or 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Big {
    pub(super) m: Dd,
    pub(super) e: i32,
}

impl Big {
    #[inline]
    pub(super) const fn new(m: Dd, e: i32) -> Big {
        if m.hi == 0.0 || !m.hi.is_finite() {
            return Big { m, e: 0 };
        }
        let (_, k) = frexp(m.hi);
        if k < -1000 || k > 1000 {
            // Rare: the mantissa given was very large or very small.
            let m = m.scale(exp2i(-k / 2)).scale(exp2i(-k - -k / 2));
            return Big { m, e: e + k };
        }
        Big { m: m.scale(exp2i(-k)), e: e + k }
    }

    #[inline]
    pub(super) const fn of(x: f64) -> Big {
        if x == 0.0 {
            return Big { m: Dd::ZERO, e: 0 };
        }
        let (m, e) = frexp(x);
        Big { m: Dd::new(m), e }
    }

    #[inline]
    pub(super) const fn mul(self, b: Big) -> Big {
        Big::new(self.m.mul(b.m), self.e + b.e)
    }

    #[inline]
    pub(super) const fn div(self, b: Big) -> Big {
        Big::new(self.m.div(b.m), self.e - b.e)
    }

    /// The sum. A term below 2^-200 times the other is dropped.
    #[inline]
    pub(super) const fn add(self, b: Big) -> Big {
        if self.m.hi == 0.0 {
            return b;
        }
        if b.m.hi == 0.0 {
            return self;
        }
        let d = b.e - self.e;
        if d > 200 {
            b
        } else if d < -200 {
            self
        } else {
            Big::new(self.m.add(b.m.scale(exp2i(d))), self.e)
        }
    }

    /// `self^n` by squaring. The relative error grows like `n * 2^-104`.
    pub(super) const fn powi(self, n: u32) -> Big {
        let mut r = Big { m: Dd::ONE, e: 0 };
        let mut b = self;
        let mut n = n;
        while n > 0 {
            if n & 1 == 1 {
                r = r.mul(b);
            }
            n >>= 1;
            if n > 0 {
                b = b.mul(b);
            }
        }
        r
    }

    #[inline]
    pub(super) const fn value(self) -> f64 {
        ldexp(self.m.value(), self.e)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_products_keep_what_rounding_drops() {
        let s = two_sum(1.0, 1e-30);
        assert_eq!((s.hi, s.lo), (1.0, 1e-30));
        let e = f64::EPSILON;
        let p = two_prod(1.0 + e, 1.0 + e);
        assert_eq!((p.hi, p.lo), (1.0 + 2.0 * e, e * e));
    }

    #[test]
    fn quotient_and_root_invert_product_and_square() {
        let (a, b) = (Dd::new(7.0), Dd::new(3.0));
        let back = a.div(b).mul(b).sub(a);
        assert!(back.hi.abs() < 1e-30);
        let two = Dd::new(2.0).sqrt();
        assert!(two.mul(two).sub(Dd::new(2.0)).hi.abs() < 1e-30);
    }

    #[test]
    fn ldexp_rounds_subnormals_once_and_saturates() {
        assert_eq!(ldexp(1.5, -1074), 2.0 * f64::from_bits(1));
        assert_eq!(ldexp(1.0, -1074), f64::from_bits(1));
        assert_eq!(ldexp(1.0, -1100), 0.0);
        assert_eq!(ldexp(-1.0, 5000), f64::NEG_INFINITY);
        assert_eq!(ldexp(1.75, 1023), 1.75 * exp2i(1023));
    }

    #[test]
    fn frexp_takes_subnormals_apart() {
        assert_eq!(frexp(f64::from_bits(1)), (1.0, -1074));
        assert_eq!(frexp(-6.0), (-1.5, 2));
    }

    #[test]
    fn powers_with_an_exponent_of_their_own_do_not_overflow() {
        let p = Big::of(1e300).powi(5).mul(Big::of(1e-300).powi(5));
        assert!((p.value() - 1.0).abs() < 1e-15);
    }
}
