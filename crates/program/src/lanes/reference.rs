//! What the kernels are tested against: `pxfm`, which is within half an ulp, and where more digits are easy to
//! get, sums of two f64 with about 95 bits.

use super::Unary;

/// A sum of two f64.
#[derive(Clone, Copy)]
struct Dd(f64, f64);

const LN2: [f64; 3] = [0.6931471805601177, -1.7239444525614835e-13, 1.94704509238075e-31];

const LN_2: Dd = Dd(std::f64::consts::LN_2, 2.3190468138462996e-17);
const LN_10: Dd = Dd(std::f64::consts::LN_10, -2.1707562233822494e-16);

impl Dd {
    fn sum(a: f64, b: f64) -> Dd {
        let s = a + b;
        let bb = s - a;
        Dd(s, (a - (s - bb)) + (b - bb))
    }
    fn prod(a: f64, b: f64) -> Dd {
        let p = a * b;
        Dd(p, a.mul_add(b, -p))
    }
    fn add(self, b: Dd) -> Dd {
        let s = Dd::sum(self.0, b.0);
        let t = Dd::sum(self.1, b.1);
        let u = Dd::sum(s.0, s.1 + t.0);
        Dd::sum(u.0, u.1 + t.1)
    }
    fn neg(self) -> Dd {
        Dd(-self.0, -self.1)
    }
    fn mul(self, b: Dd) -> Dd {
        let p = Dd::prod(self.0, b.0);
        Dd::sum(p.0, p.1 + (self.0 * b.1 + self.1 * b.0))
    }
    fn div(self, b: Dd) -> Dd {
        let q0 = self.0 / b.0;
        let r = self.add(b.mul(Dd(q0, 0.0)).neg());
        let q1 = r.0 / b.0;
        let r = r.add(b.mul(Dd(q1, 0.0)).neg());
        Dd::sum(q0, q1).add(Dd(r.0 / b.0, 0.0))
    }
    /// Times 2^k.
    fn scaled(self, k: i32) -> Dd {
        Dd(times_2_to(self.0, k), times_2_to(self.1, k))
    }
    /// e^self - 1 for |self| <= 1, with a small relative error.
    fn exp_m1(self) -> Dd {
        let mut sum = Dd(0.0, 0.0);
        for n in (2..=30).rev() {
            sum = self.div(Dd(f64::from(n), 0.0)).mul(Dd(1.0, 0.0).add(sum));
        }
        self.mul(Dd(1.0, 0.0).add(sum))
    }
    /// e^self as p 2^k.
    fn exp(self) -> (Dd, i32) {
        let k = (self.0 * std::f64::consts::LOG2_E).round();
        let mut r = self;
        for part in LN2 {
            r = r.add(Dd::prod(-k, part));
        }
        (Dd(1.0, 0.0).add(r.exp_m1()), k as i32)
    }
    /// ln(1 + self) for self from 0 to 1: a Newton step from the rounded value.
    fn ln_1p(self) -> Dd {
        let y = self.0.ln_1p();
        let e = Dd(y, 0.0).exp_m1();
        Dd(y, 0.0).add(self.add(e.neg()).div(Dd(1.0, 0.0).add(e)))
    }
}

/// x 2^k, exactly where the result is an f64.
fn times_2_to(x: f64, k: i32) -> f64 {
    let step = |k: i32| f64::from_bits(((1023 + k) as u64) << 52);
    let a = k.clamp(-1000, 1000);
    let b = (k - a).clamp(-1000, 1000);
    x * step(a) * step(b) * step(k - a - b)
}

/// A true value p 2^k, known far beyond the precision of f64 or only to half an ulp.
pub(super) struct Truth {
    p: Dd,
    k: i32,
    /// How far off `p` may be, in ulp.
    slack: f64,
}

impl Truth {
    fn rounded(x: f64) -> Self {
        Self { p: Dd(x, 0.0), k: 0, slack: 0.5 }
    }

    /// The least distance of `got` from the truth, in ulp of the truth. Infinite if only one is NaN, or if
    /// they are different infinities.
    pub(super) fn error(&self, got: f64) -> f64 {
        let true_value = times_2_to(self.p.0, self.k);
        if got.to_bits() == true_value.to_bits() || got.is_nan() && true_value.is_nan() {
            return 0.0;
        }
        // Zeros of the wrong sign are wrong.
        if true_value == 0.0 && got == 0.0 || true_value.is_nan() || got.is_nan() {
            return f64::INFINITY;
        }
        if got.is_infinite() || true_value.is_infinite() {
            // The largest number is one ulp from infinity.
            let finite = |x: f64| x.clamp(-f64::MAX, f64::MAX);
            let other = finite(got) != finite(true_value);
            return if other { f64::INFINITY } else { 1.0 };
        }
        let ulp = times_2_to(spacing(true_value), -self.k);
        let off = Dd(times_2_to(got, -self.k), 0.0).add(self.p.neg()).0.abs();
        (off / ulp - self.slack).max(0.0)
    }

    /// The largest error that `got` may have, in ulp.
    pub(super) fn bound(&self, got: f64) -> f64 {
        let e = self.error(got);
        if e == 0.0 { self.slack } else { e + 2.0 * self.slack }
    }
}

/// The distance between neighbors around x.
fn spacing(x: f64) -> f64 {
    let x = x.abs();
    if x == f64::MAX { x - x.next_down() } else { x.next_up() - x }
}

/// The true value of a kernel.
pub(super) fn truth(kernel: Unary, x: f64) -> Truth {
    let exact = |p: Dd, k: i32| Truth { p, k, slack: 0.0 };
    if x.is_nan() {
        return Truth::rounded(x);
    }
    match kernel {
        Unary::Exp => {
            let (p, k) = Dd(x.clamp(-1e3, 1e3), 0.0).exp();
            exact(p, k)
        }
        Unary::Exp2 => {
            let x = x.clamp(-2e3, 2e3);
            let k = x.round();
            let (p, more) = Dd(x - k, 0.0).mul(LN_2).exp();
            exact(p, k as i32 + more)
        }
        Unary::ExpM1 if x.abs() < 0.3 && x != 0.0 => exact(Dd(x, 0.0).exp_m1(), 0),
        Unary::ExpM1 if x == 0.0 || x < -60.0 => Truth::rounded(pxfm::f_expm1(x)),
        Unary::ExpM1 if x < 0.0 => {
            let (p, k) = Dd(x, 0.0).exp();
            exact(p.scaled(k).add(Dd(-1.0, 0.0)), 0)
        }
        Unary::ExpM1 => {
            let (p, k) = Dd(x.min(1e3), 0.0).exp();
            exact(p.add(Dd(-times_2_to(1.0, -k), 0.0)), k)
        }
        Unary::Ln | Unary::Log2 | Unary::Log10 if x <= 0.0 || x == 1.0 || x > f64::MAX => Truth::rounded(x.ln()),
        Unary::Ln => exact(ln(Dd(x, 0.0)), 0),
        Unary::Log2 => exact(ln(Dd(x, 0.0)).div(LN_2), 0),
        Unary::Log10 => exact(ln(Dd(x, 0.0)).div(LN_10), 0),
        Unary::Ln1p if x <= -1.0 || x == 0.0 || x > f64::MAX => Truth::rounded(pxfm::f_log1p(x)),
        Unary::Ln1p if x.abs() < 0.5 => exact(Dd(x, 0.0).ln_1p(), 0),
        Unary::Ln1p => exact(ln(Dd::sum(1.0, x)), 0),
        Unary::Tanh if x.abs() < 0.4 && x != 0.0 => {
            let e = Dd(2.0 * x, 0.0).exp_m1();
            exact(e.div(e.add(Dd(2.0, 0.0))), 0)
        }
        Unary::Tanh if x.abs() < 100.0 && x != 0.0 => {
            let (p, k) = Dd(-2.0 * x.abs(), 0.0).exp();
            let e = p.scaled(k);
            let t = Dd(1.0, 0.0).add(e.neg()).div(Dd(1.0, 0.0).add(e));
            exact(if x < 0.0 { t.neg() } else { t }, 0)
        }
        Unary::Tanh => Truth::rounded(pxfm::f_tanh(x)),
        Unary::Sin | Unary::Cos | Unary::Tan if (1e-100..2e6).contains(&x.abs()) => {
            let (sin, cos) = sin_cos(x);
            let p = match kernel {
                Unary::Sin => sin,
                Unary::Cos => cos,
                _ => sin.div(cos),
            };
            exact(p, 0)
        }
        Unary::Sin => Truth::rounded(pxfm::f_sin(x)),
        Unary::Cos => Truth::rounded(pxfm::f_cos(x)),
        Unary::Tan => Truth::rounded(pxfm::f_tan(x)),
        Unary::Erf => Truth::rounded(pxfm::f_erf(x)),
        Unary::Erfc => Truth::rounded(pxfm::f_erfc(x)),
        Unary::Sech2 => bell(Dd(2.0 * x.abs().min(1e3), 0.0), Dd(4.0, 0.0)),
        Unary::SigmoidD => bell(Dd(x.abs().min(1e3), 0.0), Dd(1.0, 0.0)),
        Unary::Sigmoid => {
            let (p, k) = Dd(-x.abs().min(1e3), 0.0).exp();
            let d = Dd(1.0, 0.0).add(p.scaled(k.max(-300)));
            if x < 0.0 { exact(p.div(d), k) } else { exact(Dd(1.0, 0.0).div(d), 0) }
        }
        Unary::Softplus => {
            let (p, k) = Dd(-x.abs().min(1e3), 0.0).exp();
            if x < -100.0 {
                return exact(p, k);
            }
            let l = p.scaled(k.max(-300)).ln_1p();
            if x == f64::INFINITY { Truth::rounded(x) } else { exact(l.add(Dd(x.max(0.0), 0.0)), 0) }
        }
        Unary::ErfD => gauss(x, 1.0, Dd(std::f64::consts::FRAC_2_SQRT_PI, 1.533545961316588e-17)),
        Unary::NormPdf => gauss(x, 0.5, Dd(0.3989422804014327, -2.49232720227773e-17)),
        Unary::NormCdf => {
            // erfc at the rounded -x / sqrt 2, corrected by its derivative.
            let x = x.clamp(-60.0, 60.0);
            let z = Dd(-x, 0.0).mul(Dd(std::f64::consts::FRAC_1_SQRT_2, -4.833646656726457e-17));
            let slope = -std::f64::consts::FRAC_2_SQRT_PI * pxfm::f_exp(-z.0 * z.0);
            Truth::rounded(0.5 * (pxfm::f_erfc(z.0) + slope * z.1))
        }
    }
}

/// The natural logarithm of a positive number: a step from the rounded value.
fn ln(x: Dd) -> Dd {
    let e = if x.0 < f64::MIN_POSITIVE { -1074 } else { 0 };
    let x = x.scaled(-e);
    // Halved to avoid overflow.
    let half = x.scaled(-1);
    let y = Dd(half.0.ln() + std::f64::consts::LN_2, 0.0);
    let (p, k) = y.neg().exp();
    let d = half.scaled(k + 1).mul(p).add(Dd(-1.0, 0.0));
    let step = d.add(d.mul(d).mul(Dd(-0.5, 0.0)));
    y.add(step).add(LN_2.mul(Dd(f64::from(e), 0.0)))
}

/// Sine and cosine for |x| up to 2e6: subtracts multiples of pi/2 in three parts, then sums the series.
fn sin_cos(x: f64) -> (Dd, Dd) {
    const HALF_PI: [f64; 3] = [std::f64::consts::FRAC_PI_2, 6.123233995736766e-17, -1.4973849048591833e-33];
    let k = (x * std::f64::consts::FRAC_2_PI).round();
    let mut r = Dd(x, 0.0);
    for part in HALF_PI {
        r = r.add(Dd::prod(-k, part));
    }
    let minus = r.mul(r).neg();
    let one = Dd(1.0, 0.0);
    let series = |last: u32| {
        let mut sum = one;
        for n in (2..=last).rev().filter(|n| n % 2 == last % 2) {
            sum = one.add(minus.div(Dd(f64::from(n * (n - 1)), 0.0)).mul(sum));
        }
        sum
    };
    let (sin, cos) = (r.mul(series(29)), series(28));
    match k.rem_euclid(4.0) {
        0.0 => (sin, cos),
        1.0 => (cos, sin.neg()),
        2.0 => (sin.neg(), cos.neg()),
        _ => (cos.neg(), sin),
    }
}

fn bell(a: Dd, c: Dd) -> Truth {
    let (p, k) = a.neg().exp();
    let d = Dd(1.0, 0.0).add(p.scaled(k.max(-300)));
    Truth { p: c.mul(p).div(d.mul(d)), k, slack: 0.0 }
}

fn gauss(x: f64, share: f64, c: Dd) -> Truth {
    let x = x.abs().min(40.0);
    let sq = Dd::prod(x, x);
    let (p, k) = sq.mul(Dd(-share, 0.0)).exp();
    Truth { p: p.mul(c), k, slack: 0.0 }
}
