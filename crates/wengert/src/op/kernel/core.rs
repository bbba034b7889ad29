//! Exponential and logarithm to about 100 bits, for everything whose intermediate results must keep their digits.
//!
//! Both follow Tang's table method: the argument is reduced to a small distance from a table point, where a short
//! series is enough. The tables are computed at compile time in double-double arithmetic.

use super::dd::{Big, Dd, LN_2, fast_two_sum, frexp, two_prod, two_sum};
use crate::float;

/// `exp(r)` of a double-double by its Taylor series, for `|r| < 0.1`. Only for the table.
const fn exp_series(r: Dd) -> Dd {
    let mut sum = Dd::ONE;
    let mut n = 24;
    while n > 0 {
        sum = Dd::ONE.add(sum.mul(r).div(Dd::new(n as f64)));
        n -= 1;
    }
    sum
}

/// `EXP2_128[j] = 2^(j/128)`.
pub(super) static EXP2_128: [Dd; 128] = {
    let mut t = [Dd::ONE; 128];
    // 2^(1/128), 2^(2/128), 2^(4/128), ... by squaring the first.
    let mut root = exp_series(LN_2.scale(1.0 / 128.0));
    let mut bit = 1;
    while bit < 128 {
        let mut j = bit;
        while j < 128 {
            if j & bit != 0 {
                t[j] = t[j].mul(root);
            }
            j += 1;
        }
        root = root.mul(root);
        bit *= 2;
    }
    t
};

/// `2 atanh(s) = ln((1 + s) / (1 - s))` by its series, for `|s| < 0.2`. Only for the table.
const fn log_series(s: Dd) -> Dd {
    let s2 = s.mul(s);
    let mut sum = Dd::ZERO;
    let mut n = 51;
    while n > 0 {
        sum = sum.mul(s2).add(Dd::ONE.div(Dd::new(n as f64)));
        n -= 2;
    }
    sum.mul(s).scale(2.0)
}

/// The bits of 0.6875, where the intervals of the logarithm's table start.
pub(super) const LOG_OFFSET: u64 = 0x3fe6_0000_0000_0000;

/// For each interval of 1/128 in `[0.6875, 1.375)`: a reciprocal `c` with few bits, and `-ln c`. The two intervals next
/// to 1 have `c = 1`, so a logarithm near 1 comes from the series alone and keeps its relative accuracy.
pub(super) static LOG_128: [(f64, Dd); 128] = {
    let mut t = [(1.0, Dd::ZERO); 128];
    let mut i = 0;
    while i < 128 {
        let from = f64::from_bits(LOG_OFFSET + ((i as u64) << 45));
        let to = f64::from_bits(LOG_OFFSET + ((i as u64 + 1) << 45));
        if from != 1.0 && to != 1.0 {
            // Ten bits: the product with a 53-bit number has 63, so one low word holds its rounding error.
            let c = ((512.0 / (0.5 * (from + to))) + 0.5) as i32 as f64 / 512.0;
            let s = Dd::new(c - 1.0).div(Dd::new(c + 1.0));
            t[i] = (c, log_series(s).neg());
        }
        i += 1;
    }
    t
};

/// `exp(a)` with a relative error near 2^-94 and no under- or overflow. Arguments beyond 1e6 count as 1e6.
pub(super) fn exp_big(a: Dd) -> Big {
    const LN_2_128: Dd = LN_2.scale(1.0 / 128.0);
    if a.hi.is_nan() {
        return Big { m: a, e: 0 };
    }
    let a = if a.hi.abs() > 1e6 { Dd::new(1e6_f64.copysign(a.hi)) } else { a };
    let k = float::round_ties_even(a.hi * (128.0 * core::f64::consts::LOG2_E));
    let r = a.sub(LN_2_128.mul(Dd::new(k)));
    let k = k as i32;
    // exp(r) - 1 = r + r^2 (1/2 + r (1/6 + r (1/24 + ...))), |r| <= 0.0028
    let x = r.hi;
    let tail = 1.0 / 120.0
        + x * (1.0 / 720.0 + x * (1.0 / 5040.0 + x * (1.0 / 40320.0 + x * (1.0 / 362_880.0 + x / 3_628_800.0))));
    const C3: Dd = Dd::ONE.div(Dd::new(6.0));
    const C4: Dd = Dd::ONE.div(Dd::new(24.0));
    let q = C4.add(two_prod(x, tail));
    let q = C3.add(r.mul(q));
    let q = Dd::new(0.5).add(r.mul(q));
    let p = r.add(r.mul(r).mul(q));
    let t = EXP2_128[(k & 127) as usize];
    Big::new(t.add(t.mul(p)), k >> 7)
}

/// `ln x` for a finite `x > 0`, with a relative error near 2^-98.
pub(super) fn ln_dd(x: f64) -> Dd {
    let (m, e) = frexp(x);
    let bits = m.to_bits();
    let tmp = bits.wrapping_sub(LOG_OFFSET);
    let i = (tmp >> 45) as usize & 127;
    let k = e + ((tmp as i64) >> 52) as i32;
    let z = f64::from_bits(bits - (tmp & 0xfff0_0000_0000_0000));
    let (c, log_c) = LOG_128[i];
    let p = two_prod(z, c);
    let r = fast_two_sum(p.hi - 1.0, p.lo);
    let s = r.div(Dd::new(2.0).add(r));
    let s2 = s.mul(s);
    let x2 = s2.hi;
    const C3: Dd = Dd::ONE.div(Dd::new(3.0));
    const C5: Dd = Dd::ONE.div(Dd::new(5.0));
    let tail = 1.0 / 7.0 + x2 * (1.0 / 9.0 + x2 * (1.0 / 11.0 + x2 * (1.0 / 13.0)));
    let q = C5.add(two_prod(x2, tail));
    let q = C3.add(s2.mul(q));
    let log_1p = s.add(s.mul(s2).mul(q)).scale(2.0);
    if k == 0 {
        return log_c.add(log_1p);
    }
    LN_2.mul(Dd::new(k as f64)).add(log_c).add(log_1p)
}

/// `ln(1 + w)` for `0 <= w <= 1`, with a relative error near 2^-98.
pub(super) fn ln_1p_dd(w: Dd) -> Dd {
    let u = Dd::ONE.add(w);
    // ln u = ln(u.hi) + ln(1 + u.lo / u.hi)
    if w.hi < 0.01 {
        let s = w.div(Dd::new(2.0).add(w));
        let s2 = s.mul(s);
        let mut q = Dd::ZERO;
        let mut n = 17;
        while n > 1 {
            q = q.mul(s2).add(Dd::ONE.div(Dd::new(n as f64)));
            n -= 2;
        }
        return s.add(s.mul(s2).mul(q)).scale(2.0);
    }
    let d = Dd::new(u.lo).div(Dd::new(u.hi));
    ln_dd(u.hi).add(d.sub(d.mul(d).scale(0.5)))
}

/// `a - b` exactly, if it does not overflow.
#[inline(always)]
pub(super) fn diff(a: f64, b: f64) -> Dd {
    let d = two_sum(a, -b);
    if d.lo.is_nan() { Dd::new(d.hi) } else { d }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_undoes_the_logarithm_to_90_bits() {
        for x in [1e-320, 1e-300, 0.3, 0.99999, 1.0 + f64::EPSILON, 1.5, 2.0, 7.25, 1e10, f64::MAX] {
            let y = exp_big(ln_dd(x));
            let (m, e) = frexp(x);
            let back = if y.e == e { y.m } else { y.m.scale(if y.e > e { 2.0 } else { 0.5 }) };
            assert!((back.sub(Dd::new(m)).hi / m).abs() < 1e-28, "{x}");
        }
    }

    #[test]
    fn ln_2_to_106_bits() {
        let l = ln_dd(2.0);
        assert_eq!((l.hi, l.lo), (LN_2.hi, LN_2.lo));
        assert_eq!(ln_dd(1.0).hi, 0.0);
    }

    #[test]
    fn e_to_106_bits() {
        let e = exp_big(Dd::ONE).m.scale(2.0);
        assert_eq!(e.hi, std::f64::consts::E);
        assert!((e.lo - 1.445_646_891_729_250_2e-16).abs() < 1e-28);
    }

    #[test]
    fn ln_1p_meets_ln() {
        for w in [1e-30, 1e-10, 0.0099, 0.0101, 0.5, 1.0] {
            let a = ln_1p_dd(Dd::new(w));
            let b = exp_big(a);
            let one_plus = two_sum(1.0, w);
            let b = b.m.scale(super::super::dd::exp2i(b.e));
            assert!(b.sub(one_plus).hi.abs() < 1e-28, "{w}");
        }
    }
}
