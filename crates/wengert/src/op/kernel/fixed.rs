//! Fixed-point exponentials and logarithms of 192 bits, for two sums that double-double cannot compute.
//!
//! The zeros of `ln(e^a + e^b)` form a curve, and pairs of `f64` come within 1e-20 of it. There `e^a + e^b - 1` needs
//! an absolute accuracy of 2^-120. So does `1 + y ln x`, the factor of a mixed derivative of `x^y`.

use super::core::ln_dd;
use super::dd::{exp2i, frexp, ldexp, two_prod};

/// `limbs[0] + limbs[1] 2^-64 + ...`: a number in `[0, 2^64)` with 192 bits after the point.
type Fixed = [u64; 4];

/// The product, truncated.
fn mul(a: &Fixed, b: &Fixed) -> Fixed {
    // Column s sums the products of weight 2^(-64 s). The two columns below the last limb carry into it.
    let mut r = [0u64; 4];
    let mut carry: u128 = 0;
    for s in (0..=4).rev() {
        let mut low = carry & u128::from(u64::MAX);
        let mut high = carry >> 64;
        for i in 0..4usize {
            if s >= i && s - i < 4 {
                let p = u128::from(a[i]) * u128::from(b[s - i]);
                low += p & u128::from(u64::MAX);
                high += p >> 64;
            }
        }
        high += low >> 64;
        if s < 4 {
            r[s] = low as u64;
        }
        carry = high;
    }
    r
}

const LN_2: Fixed = [0, 0xb172_17f7_d1cf_79ab, 0xc9e3_b398_03f2_f6af, 0x40f3_4326_7298_b62d];

fn add(a: &Fixed, b: &Fixed) -> Fixed {
    limb_by_limb(a, b, u64::overflowing_add)
}

/// `a - b` modulo 2^64: a negative difference has its top bit set.
fn sub(a: &Fixed, b: &Fixed) -> Fixed {
    limb_by_limb(a, b, u64::overflowing_sub)
}

/// The sum or difference, from the last limb up, with carries or borrows.
#[inline(always)]
fn limb_by_limb(a: &Fixed, b: &Fixed, op: impl Fn(u64, u64) -> (u64, bool)) -> Fixed {
    let mut r = [0u64; 4];
    let mut carry = false;
    for i in (0..4).rev() {
        let (x, c) = op(a[i], b[i]);
        let (x, d) = op(x, u64::from(carry));
        r[i] = x;
        carry = c || d;
    }
    r
}

fn div_small(a: &Fixed, n: u64) -> Fixed {
    let mut r = [0u64; 4];
    let mut rest: u128 = 0;
    for (r, &a) in r.iter_mut().zip(a) {
        let x = rest << 64 | u128::from(a);
        *r = (x / u128::from(n)) as u64;
        rest = x % u128::from(n);
    }
    r
}

/// `x >= 0` below 2^64, truncated below 2^-192 (subnormals become 0).
fn fixed(x: f64) -> Fixed {
    let bits = x.to_bits();
    let e = (bits >> 52) as i32 - 1075;
    if e == -1075 {
        return [0; 4];
    }
    let m = bits & 0x000f_ffff_ffff_ffff | 0x0010_0000_0000_0000;
    // x = m 2^e; bit 0 of the number has weight 2^-192.
    let shift = e + 192;
    let mut r = [0u64; 4];
    for (i, r) in r.iter_mut().enumerate() {
        // The lowest bit of this limb has 2^(64 (3 - i)) times the weight of the lowest bit of the last.
        let d = shift - 64 * (3 - i as i32);
        *r = match d {
            0..64 => m << d,
            -63..0 => m >> -d,
            _ => 0,
        };
    }
    r
}

/// `e^-y` for `y < 64`.
fn exp_neg(y: &Fixed) -> Fixed {
    const ONE: Fixed = [1, 0, 0, 0];
    // The series of y / 2^10, then ten squarings.
    let y = div_small(y, 1024);
    let mut term = ONE;
    let (mut even, mut odd) = (ONE, [0; 4]);
    for n in 1..40 {
        term = div_small(&mul(&term, &y), n);
        if n % 2 == 0 {
            even = add(&even, &term);
        } else {
            odd = add(&odd, &term);
        }
    }
    let mut r = sub(&even, &odd);
    for _ in 0..10 {
        r = mul(&r, &r);
    }
    r
}

/// The nearest `f64`, or a neighbor of it.
fn value(t: &Fixed) -> f64 {
    let negative = t[0] >> 63 == 1;
    let t = if negative { sub(&[0; 4], t) } else { *t };
    // Summed from the last limb up. All additions except the last are exact, or wrong by far less than an ulp.
    let limb = |i: usize| t[i] as f64 * exp2i(-64 * i as i32);
    let r = limb(0) + (limb(1) + (limb(2) + limb(3)));
    if negative { -r } else { r }
}

/// `e^a + e^b - 1` for `-64 < a, b <= 0`, to an absolute 2^-178.
pub(super) fn exp_sum_m1(a: f64, b: f64) -> f64 {
    let sum = add(&exp_neg(&fixed(-a)), &exp_neg(&fixed(-b)));
    value(&sub(&sum, &[1, 0, 0, 0]))
}

/// `e^a + e^b - 1` for `-750 < b <= -40` and `a` near `-e^b`: `a + e^b` as `2^-k (2^k a + e^(b + k ln 2))`, then the
/// next terms of `e^a`.
pub(super) fn exp_sum_near(a: f64, b: f64) -> f64 {
    let k = (-b * core::f64::consts::LOG2_E) as u64;
    let reduced = sub(&fixed(-b), &mul(&[k, 0, 0, 0], &LN_2));
    let scaled = ldexp(-a, k as i32);
    // e^a - 1 = a + a^2/2 + a^3/6. The square needs two words.
    let square = two_prod(scaled, -0.5 * a);
    let low = square.lo - scaled * a * a * (1.0 / 6.0);
    let power = add(&exp_neg(&reduced), &fixed(square.hi));
    let power = if low < 0.0 { sub(&power, &fixed(-low)) } else { add(&power, &fixed(low)) };
    ldexp(value(&sub(&power, &fixed(scaled))), -(k as i32))
}

/// `1 + y ln x` for a finite `x > 0` and `y ln x` near -1, to an absolute 2^-120.
pub(super) fn one_plus_product(x: f64, y: f64) -> f64 {
    let (m, e) = frexp(x);
    // One Newton step that starts from the 100-bit logarithm l: ln m = l + (m e^-l - 1).
    let l = ln_dd(m);
    let low = fixed(l.lo.abs());
    let l = if l.lo < 0.0 { sub(&fixed(l.hi), &low) } else { add(&fixed(l.hi), &low) };
    let rest = sub(&mul(&fixed(m), &exp_neg(&l)), &[1, 0, 0, 0]);
    let ln_m = add(&l, &rest);
    let turns = mul(&[u64::from(e.unsigned_abs()), 0, 0, 0], &LN_2);
    let ln = if e < 0 { sub(&turns, &ln_m) } else { add(&turns, &ln_m) };
    // The signs of y and ln x differ, since their product is near -1.
    value(&sub(&[1, 0, 0, 0], &mul(&fixed(y.abs()), &ln)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_carries_across_the_limbs() {
        let a = [0, u64::MAX, u64::MAX, u64::MAX];
        let one_bit = [0, 0, 0, 1];
        assert_eq!(add(&a, &one_bit), [1, 0, 0, 0]);
        assert_eq!(sub(&[1, 0, 0, 0], &one_bit), a);
        assert_eq!(mul(&[2, 1 << 63, 0, 0], &[2, 1 << 63, 0, 0]), [6, 1 << 62, 0, 0]);
        assert_eq!(div_small(&[1, 0, 0, 0], 2), [0, 1 << 63, 0, 0]);
        assert_eq!(fixed(1.5), [1, 1 << 63, 0, 0]);
        assert_eq!(fixed(exp2i(-192)), one_bit);
        assert_eq!(fixed(0.0), [0; 4]);
    }

    #[test]
    fn the_factor_of_a_mixed_derivative_keeps_its_digits() {
        let close = |x: f64, y: f64, want: f64| {
            let got = one_plus_product(x, y);
            assert!((got / want - 1.0).abs() < 4e-16, "{x} {y}: {got} {want}");
        };
        // From 150-digit arithmetic.
        close(9.479_055_045_538_948e-11, 0.043_328_773_980_059_805, -2.868_521_156_204_789e-18);
        close(2.0, -std::f64::consts::LOG2_E, 1.410_920_060_305_223_7e-17);
        close(1e-300, 1.447_648_273_010_839_4e-3, 4.529_776_337_158_909_3e-17);
        close(1.000_000_000_000_000_2, -4_503_599_627_370_496.0, 1.110_223_024_625_156_4e-16);
    }

    #[test]
    fn powers_of_e_to_190_bits() {
        // e^-1 = 0.36787944117144232159552377016146086744581113103176...
        let e = exp_neg(&[1, 0, 0, 0]);
        assert_eq!(e[1], 0x5e2d_58d8_b3bc_df1a);
        assert_eq!(exp_sum_m1(0.0, 0.0), 1.0);
        // e^a + e^a - 1, where a is ln(1/2) plus 2.3190468138462996e-17.
        let r = exp_sum_m1(-std::f64::consts::LN_2, -std::f64::consts::LN_2);
        assert_eq!(r, 2.319_046_813_846_299_6e-17);
        // Here e^a - 1 and e^b nearly cancel, both about 1e-30 in size.
        let (a, b) = (-1e-30, -69.077_552_789_821_37);
        let want = 2.286_179_106_246_921_3e-45;
        assert!((exp_sum_near(a, b) / want - 1.0).abs() < 4e-16);
    }
}
