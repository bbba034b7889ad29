//! The partials of every row of the op table, helpers included, against formulas over the standard library's `f64`.

use std::f64::consts::{LN_2, LN_10, PI};

use wengert::{Arity, Dual, Graph, Imm, Op, Scalar};

/// The derivatives of `lgamma` at 0.6: digamma and polygammas, from arithmetic with 40 digits.
const GAMMA: [f64; 4] =
    [-1.540_619_213_893_190_5, 3.636_209_670_902_357_7, -9.962_831_537_143_458, 47.407_041_045_345_78];

/// The first two derivatives of the logarithm of the normal distribution function at 0.6, from arithmetic with 40 digits.
const MILLS: [f64; 2] = [0.459_147_136_614_286_74, -0.486_304_375_029_670_55];

/// The inverses of `erf`, `erfc` and the normal distribution function at 0.6, from arithmetic with 40 digits.
const INVERSES: [f64; 3] = [0.595_116_081_449_994_8, 0.370_807_158_593_557_95, 0.253_347_103_135_799_7];

/// The `n`-th derivative of digamma, at 0.6.
fn polygamma(n: usize, x: f64) -> f64 {
    assert_eq!(x, 0.6);
    GAMMA[n]
}

/// `p (p - 1) .. (p - k) x^(p - k - 1)`.
fn power(p: f64, k: f64, x: f64) -> f64 {
    (0..=k as i32).map(|i| p - f64::from(i)).product::<f64>() * x.powf(p - k - 1.0)
}

/// The partials in `x` and `y` of the real part of `i^k z^-n`, `z = x + iy`: of `-n i^k z^(-n - 1)` and `i` times that.
fn complex_power(x: f64, y: f64, n: f64, k: f64) -> [f64; 2] {
    let (radius, angle) = (x.hypot(y).powf(-n - 1.0), -(n + 1.0) * y.atan2(x) + k * PI / 2.0);
    [-n * radius * angle.cos(), n * radius * angle.sin()]
}

/// The partials of an op at `a`.
fn partials(op: Op, [c, k]: Imm, a: &[f64]) -> Vec<f64> {
    let (x, y) = (a[0], a.get(1).copied().unwrap_or(f64::NAN));
    let s = 1.0 / (1.0 + (-x).exp());
    let share = 1.0 / (1.0 + (y - x).exp());
    let r = x.hypot(y);
    let n = a.len() as f64;
    match op {
        Op::Add => vec![1.0, 1.0],
        Op::Sub => vec![1.0, -1.0],
        Op::Mul | Op::Gmul => vec![y, x],
        Op::Div | Op::Gdiv => vec![1.0 / y, -x / (y * y)],
        Op::MulC => vec![c],
        Op::DivC => vec![1.0 / c],
        Op::CDiv | Op::RecipPos => vec![-c / (x * x)],
        Op::AddC | Op::SubC | Op::Fract => vec![1.0],
        Op::CSub | Op::Neg => vec![-1.0],
        Op::Recip => vec![-1.0 / (x * x)],
        Op::Sqrt => vec![0.5 / x.sqrt()],
        Op::Cbrt => vec![1.0 / (3.0 * x.cbrt().powi(2))],
        Op::Exp | Op::ExpM1 => vec![x.exp()],
        Op::Exp2 => vec![x.exp2() * LN_2],
        Op::Ln => vec![1.0 / x],
        Op::Log2 => vec![1.0 / (x * LN_2)],
        Op::Log10 => vec![1.0 / (x * LN_10)],
        Op::Ln1p => vec![1.0 / (1.0 + x)],
        Op::Sin => vec![x.cos()],
        Op::Cos => vec![-x.sin()],
        Op::Tan => vec![1.0 / x.cos().powi(2)],
        Op::Sinc => vec![(x.cos() - x.sin() / x) / x],
        Op::Asin => vec![1.0 / (1.0 - x * x).sqrt()],
        Op::Acos => vec![-1.0 / (1.0 - x * x).sqrt()],
        Op::Atan => vec![1.0 / (1.0 + x * x)],
        Op::Sinh => vec![x.cosh()],
        Op::Cosh => vec![x.sinh()],
        Op::Tanh => vec![1.0 / x.cosh().powi(2)],
        Op::Asinh => vec![1.0 / (1.0 + x * x).sqrt()],
        Op::Acosh => vec![1.0 / (x * x - 1.0).sqrt()],
        Op::Atanh => vec![1.0 / (1.0 - x * x)],
        Op::Abs => vec![x.signum()],
        Op::Relu => vec![f64::from(x > 0.0)],
        Op::Sign | Op::Step | Op::Floor | Op::Ceil | Op::Round | Op::Trunc | Op::Flat | Op::Detach => vec![0.0],
        Op::Sigmoid => vec![s * (1.0 - s)],
        Op::Softplus => vec![s],
        Op::Erf => vec![2.0 / PI.sqrt() * (-x * x).exp()],
        Op::Erfc => vec![-2.0 / PI.sqrt() * (-x * x).exp()],
        Op::NormCdf => vec![(-x * x / 2.0).exp() / (2.0 * PI).sqrt()],
        Op::LogNormCdf => vec![MILLS[0]],
        Op::LogNormCdfD => vec![MILLS[c as usize]],
        Op::ErfInv => vec![PI.sqrt() / 2.0 * INVERSES[0].powi(2).exp()],
        Op::ErfcInv => vec![-PI.sqrt() / 2.0 * INVERSES[1].powi(2).exp()],
        Op::NormQuantile => vec![(2.0 * PI).sqrt() * (INVERSES[2].powi(2) / 2.0).exp()],
        Op::ErfInvD => vec![PI / 2.0 * INVERSES[0] * (2.0 * INVERSES[0].powi(2)).exp()],
        Op::ErfcInvD => vec![PI / 2.0 * INVERSES[1] * (2.0 * INVERSES[1].powi(2)).exp()],
        Op::NormQuantileD => vec![2.0 * PI * INVERSES[2] * INVERSES[2].powi(2).exp()],
        Op::Log1mExp => vec![-1.0 / (-x).exp_m1()],
        Op::Log1mExpD => vec![-x.exp() / x.exp_m1().powi(2)],
        Op::Lgamma => vec![polygamma(0, x)],
        Op::Digamma => vec![polygamma(1, x)],
        Op::Polygamma => vec![polygamma(c as usize + 1, x)],
        Op::Pow => vec![y * x.powf(y - 1.0), x.powf(y) * x.ln()],
        Op::Atan2 => vec![y / (r * r), -x / (r * r)],
        Op::Hypot => vec![x / r, y / r],
        Op::Max => vec![f64::from(x > y), f64::from(y > x)],
        Op::Min => vec![f64::from(x < y), f64::from(y < x)],
        Op::Rem => vec![1.0, -(x / y).trunc()],
        Op::Copysign => vec![x.signum() * y.signum(), 0.0],
        Op::Logaddexp => vec![share, 1.0 - share],
        Op::Xlogy => vec![y.ln(), x / y],
        Op::Xlog1py => vec![y.ln_1p(), x / (1.0 + y)],
        Op::MulAdd => vec![y, x, 1.0],
        Op::Select => vec![0.0, f64::from(x != 0.0), f64::from(x == 0.0)],
        Op::Powd => vec![power(c, k, x)],
        Op::CbrtD => vec![power(1.0 / 3.0, c, x)],
        Op::SincD if c == 0.0 => vec![(x.cos() - x.sin() / x) / x],
        Op::SincD => vec![-x.sin() / x - 2.0 * (x.cos() - x.sin() / x) / (x * x)],
        // The second operand is the hyperbolic tangent of the first.
        Op::Sech2 => vec![-2.0 * x.tanh() / x.cosh().powi(2), 0.0],
        Op::SigmoidD => vec![s * (1.0 - s) * (1.0 - 2.0 * s)],
        Op::Rsqrt1m => vec![x * (1.0 - x * x).powf(-1.5)],
        Op::Rsqrt1p => vec![-x * (1.0 + x * x).powf(-1.5)],
        Op::AtanD => vec![-2.0 * x / (1.0 + x * x).powi(2)],
        Op::AcoshD => vec![-x * (x * x - 1.0).powf(-1.5)],
        Op::AtanhD => vec![2.0 * x / (1.0 - x * x).powi(2)],
        Op::Gauss => {
            let scale = if c == 1.0 { 2.0 / PI.sqrt() } else { 1.0 / (2.0 * PI).sqrt() };
            let factor = if k == 0.0 { -2.0 * c * x } else { 4.0 * c * c * x * x - 2.0 * c };
            vec![scale * factor * (-c * x * x).exp()]
        }
        Op::PowPartial if c == 0.0 => vec![y * x.powf(y - 1.0), x.powf(y) * x.ln()],
        Op::PowPartial => vec![y * (y - 1.0) * x.powf(y - 2.0), x.powf(y - 1.0) * (1.0 + y * x.ln())],
        Op::Zpow => complex_power(x, y, c, k).into(),
        Op::HypotPartial => match (c, k) {
            (0.0, 0.0) => vec![x / r, y / r],
            (1.0, 0.0) => vec![y * y / r.powi(3), -x * y / r.powi(3)],
            _ => vec![-x * y / r.powi(3), x * x / r.powi(3)],
        },
        // The third operand is the norm of the others.
        Op::Unit => vec![y * y / r.powi(3), -x * y / r.powi(3), 0.0],
        Op::Prefer => vec![0.0, 0.0],
        Op::Softmax2 => vec![share * (1.0 - share), -share * (1.0 - share)],
        Op::Softmax2D => {
            let second = share * (1.0 - share) * (1.0 - 2.0 * share);
            vec![second, -second]
        }
        Op::ExpDiff => vec![(x - y).exp(), -(x - y).exp()],
        Op::Lt | Op::Le | Op::Gt | Op::Ge | Op::Eq | Op::Ne => vec![0.0, 0.0],
        Op::Sum => vec![1.0; a.len()],
        Op::Mean => vec![1.0 / n; a.len()],
        Op::Product => a.iter().map(|x| a.iter().product::<f64>() / x).collect(),
        Op::Dot => [&a[a.len() / 2..], &a[..a.len() / 2]].concat(),
        Op::MaxOf => a.iter().map(|x| f64::from(a.iter().all(|y| y <= x))).collect(),
        Op::MinOf => a.iter().map(|x| f64::from(a.iter().all(|y| y >= x))).collect(),
        Op::Logsumexp => a.iter().map(|x| x.exp() / a.iter().map(|y| y.exp()).sum::<f64>()).collect(),
        Op::Norm => a.iter().map(|x| x / a.iter().map(|y| y * y).sum::<f64>().sqrt()).collect(),
        _ => panic!("a formula for {op} is missing"),
    }
}

/// Points within the domain of an op.
fn points(op: Op) -> Vec<Vec<f64>> {
    match op {
        Op::Acosh | Op::AcoshD => vec![vec![1.75]],
        Op::Log1mExp | Op::Log1mExpD => vec![vec![-0.6]],
        Op::Sech2 => vec![vec![0.6, 0.6f64.tanh()]],
        Op::Unit => vec![vec![0.6, 1.75, 0.6f64.hypot(1.75)]],
        Op::Select => vec![vec![1.0, 0.6, 1.75], vec![0.0, 0.6, 1.75]],
        _ => match op.arity() {
            Arity::Fixed(1) if matches!(op, Op::Abs | Op::Relu) => vec![vec![0.6], vec![-0.6]],
            Arity::Fixed(1) => vec![vec![0.6]],
            Arity::Fixed(2) => vec![vec![0.6, 1.75], vec![1.75, 0.6]],
            Arity::Fixed(3) => vec![vec![0.6, 1.75, 0.4]],
            _ => vec![vec![0.6, 1.75, -0.4, 1.2]],
        },
    }
}

/// Immediates to try.
fn immediates(op: Op) -> &'static [Imm] {
    match op {
        Op::Powd => &[[2.5, 0.0], [2.5, 1.0], [-1.0, 2.0]],
        Op::CbrtD => &[[0.0, 0.0], [2.0, 0.0]],
        Op::SincD | Op::LogNormCdfD => &[[0.0, 0.0], [1.0, 0.0]],
        Op::Polygamma => &[[1.0, 0.0], [2.0, 0.0]],
        Op::Gauss => &[[1.0, 0.0], [0.5, 0.0], [1.0, 1.0], [0.5, 1.0]],
        Op::PowPartial => &[[0.0, 0.0], [1.0, 0.0]],
        Op::Zpow => &[[1.0, 0.0], [1.0, 1.0], [2.0, 1.0]],
        Op::HypotPartial => &[[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]],
        _ if op.immediates() > 0 => &[[2.5, 0.0]],
        _ => &[[0.0, 0.0]],
    }
}

#[test]
fn every_rule_has_the_partials_of_its_formula() {
    let mut problems = Vec::new();
    for &op in Op::ALL.iter().filter(|op| !matches!(op, Op::Leaf | Op::Const)) {
        for (imm, x) in immediates(op).iter().flat_map(|&imm| points(op).into_iter().map(move |x| (imm, x))) {
            let expected = partials(op, imm, &x);
            let graph = Graph::new();
            let leaves = graph.leaves(&x);
            let l = graph.try_record(op, imm, &leaves).unwrap();
            let swept = graph.gradient(l, &leaves);
            for (k, &expected) in expected.iter().enumerate() {
                let input = |(j, &x): (usize, &f64)| if j == k { Dual::<1>::input(x, 0) } else { Dual::new(x) };
                let dual = Dual::apply(op, imm, &x.iter().enumerate().map(input).collect::<Vec<_>>()).tangents[0];
                for (route, got) in [("swept", swept[k]), ("dual", dual)] {
                    // The formulas round a few times; a part that is 0 must be 0.
                    let near = (got - expected).abs() <= 1e-14 * expected.abs();
                    if !near {
                        problems.push(format!("{op}{imm:?} d{k} at {x:?}: {route} {got:e}, expected {expected:e}"));
                    }
                }
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
