//! The table of ops: one op, one row.
//!
//! A row says everything about an op: its documentation, its names, its operands and immediates, the cost of
//! its rule, how it is written, its value over `f64`, and how much of the adjoint `bar` each operand
//! receives. `for_each_op!(consumer)` passes the whole table to another macro. Such macros generate the
//! enum, the values, the rules, the methods and the sweeps.
//!
//! `docs/adding-an-op.md` says what each part of a row means. `folds` are the ops of any number of operands. Their rule
//! gives the partial of each operand.
//!
//! The first seven rows are the most common ops. Sweeps find them by comparisons.

/// Calls `$consumer!` with `$before` and the whole table.
macro_rules! for_each_op {
    ($consumer:ident $($before:tt)*) => {
        $consumer! {
            $($before)*
            ops {
                /// The product.
                pub Mul = mul(x, y) -> r, cheap infix "*", { x * y }, bar => [bar * y, bar * x];
                /// The sum.
                pub Add = add(x, y) -> r, linear infix "+", { x + y }, bar => [bar, bar];
                /// The difference.
                pub Sub = sub(x, y) -> r, linear infix "-", { x - y }, bar => [bar, -bar];
                /// `x * c`, with a constant `c`.
                pub MulC = mul_c(x; c: real) -> r, cheap before_constant "*", { x * c }, bar => [bar * x.lift(c)];
                /// `x + c`, with a constant `c`.
                pub AddC = add_c(x; c: real) -> r, linear before_constant "+", { x + c }, bar => [bar];
                /// `x - c`, with a constant `c`.
                pub SubC = sub_c(x; c: real) -> r, linear before_constant "-", { x - c }, bar => [bar];
                /// `c - x`, with a constant `c`.
                pub CSub = c_sub(x; c: real) -> r, linear after_constant "-", { c - x }, bar => [-bar];
                /// The negative, `-x`.
                pub Neg = neg(x) -> r, linear prefix "-", { -x }, bar => [-bar];
                /// The reciprocal, `1 / x`.
                pub Recip = recip(x) -> r, cheap call "recip", { 1.0 / x }, bar => [-(bar * r * r)];
                /// The square root.
                pub Sqrt = sqrt(x) -> r, costly call "sqrt", { float::sqrt(x) }, bar => [bar * x.powd(0.5, 1.0)];
                /// The cube root.
                pub Cbrt = cbrt(x) -> r, costly call "cbrt", { kernel::cbrt(x) }, bar => [bar * x.cbrt_d(1.0)];
                /// `e^x`.
                pub Exp = exp(x) -> r, cheap call "exp", { kernel::exp(x) }, bar => [bar * r];
                /// `2^x`.
                pub Exp2 = exp2(x) -> r, cheap call "exp2", { kernel::exp2(x) },
                    bar => [bar * (r * core::f64::consts::LN_2)];
                /// `e^x - 1`, accurate near 0.
                pub ExpM1 = exp_m1(x) -> r, costly call "exp_m1", { kernel::exp_m1(x) }, bar => [bar * x.exp()];
                /// The natural logarithm.
                pub Ln = ln(x) -> r, costly call "ln", { kernel::ln(x) }, bar => [bar * x.recip_pos(1.0)];
                /// The logarithm to base 2.
                pub Log2 = log2(x) -> r, costly call "log2", { kernel::log2(x) },
                    bar => [bar * x.recip_pos(core::f64::consts::LOG2_E)];
                /// The logarithm to base 10.
                pub Log10 = log10(x) -> r, costly call "log10", { kernel::log10(x) },
                    bar => [bar * x.recip_pos(core::f64::consts::LOG10_E)];
                /// `ln(1 + x)`, accurate near 0.
                pub Ln1p = ln_1p(x) -> r, costly call "ln_1p", { kernel::ln_1p(x) },
                    bar => [bar * (x + 1.0).recip_pos(1.0)];
                /// Sine, in radians.
                pub Sin = sin(x) -> r, cheap call "sin", { kernel::sin(x) }, bar => [bar * x.cos()];
                /// Cosine, in radians.
                pub Cos = cos(x) -> r, cheap call "cos", { kernel::cos(x) }, bar => [-(bar * x.sin())];
                /// Tangent, in radians.
                pub Tan = tan(x) -> r, cheap call "tan", { kernel::tan(x) }, bar => [bar * (r * r + 1.0)];
                /// `sin(x) / x`, and 1 at 0: the sinc function that is not normalized (no factor of pi). All derivatives keep
                /// their digits near 0.
                pub Sinc = sinc(x) -> r, costly call "sinc", { kernel::sinc(x) }, bar => [bar * x.sinc_d(1.0)];
                /// Arc sine, in radians.
                pub Asin = asin(x) -> r, costly call "asin", { kernel::asin(x) }, bar => [bar * x.rsqrt1m()];
                /// Arc cosine, in radians.
                pub Acos = acos(x) -> r, costly call "acos", { kernel::acos(x) }, bar => [-(bar * x.rsqrt1m())];
                /// Arc tangent, in radians.
                pub Atan = atan(x) -> r, costly call "atan", { kernel::atan(x) }, bar => [bar * x.atan_d()];
                /// Hyperbolic sine.
                pub Sinh = sinh(x) -> r, costly call "sinh", { kernel::sinh(x) }, bar => [bar * x.cosh()];
                /// Hyperbolic cosine.
                pub Cosh = cosh(x) -> r, costly call "cosh", { kernel::cosh(x) }, bar => [bar * x.sinh()];
                /// Hyperbolic tangent.
                pub Tanh = tanh(x) -> r, costly call "tanh", { kernel::tanh(x) }, bar => [bar * x.sech2(r)];
                /// Inverse hyperbolic sine.
                pub Asinh = asinh(x) -> r, costly call "asinh", { kernel::asinh(x) }, bar => [bar * x.rsqrt1p()];
                /// Inverse hyperbolic cosine.
                pub Acosh = acosh(x) -> r, costly call "acosh", { kernel::acosh(x) }, bar => [bar * x.acosh_d()];
                /// Inverse hyperbolic tangent.
                pub Atanh = atanh(x) -> r, costly call "atanh", { kernel::atanh(x) }, bar => [bar * x.atanh_d()];
                /// The absolute value. Its derivative at 0 is 0.
                pub Abs = abs(x) -> r, cheap call "abs", { x.abs() }, bar => [bar * x.sign()];
                /// The sign: -1, 0 or 1. It is 0 at both zeros.
                pub Sign = sign(x) -> r, cheap call "sign", { kernel::sign(x) }, bar => [bar * r.flat()];
                /// 1 where `x > 0`, else 0.
                pub Step = step(x) -> r, cheap call "step", { kernel::step(x) }, bar => [bar * r.flat()];
                /// `x` where it is positive, else 0. Its derivative at 0 is 0.
                pub Relu = relu(x) -> r, cheap call "relu", { kernel::relu(x) }, bar => [bar * x.step()];
                /// The logistic function, `1 / (1 + e^-x)`.
                pub Sigmoid = sigmoid(x) -> r, costly call "sigmoid", { kernel::sigmoid(x) },
                    bar => [bar * x.sigmoid_d()];
                /// `ln(1 + e^x)` without overflow.
                pub Softplus = softplus(x) -> r, costly call "softplus", { kernel::softplus(x) },
                    bar => [bar * x.sigmoid()];
                /// `ln(1 - e^x)` for `x <= 0`, accurate near 0 and in the tail; NaN elsewhere. The logarithm of the
                /// probability of the complement, given that of the event.
                pub Log1mExp = log1m_exp(x) -> r, costly call "log1m_exp", { kernel::log1m_exp(x) },
                    bar => [bar * x.log1m_exp_d()];
                /// The greatest whole number not above `x`.
                pub Floor = floor(x) -> r, cheap call "floor", { float::floor(x) }, bar => [bar * r.flat()];
                /// The least whole number not below `x`.
                pub Ceil = ceil(x) -> r, cheap call "ceil", { float::ceil(x) }, bar => [bar * r.flat()];
                /// The nearest whole number, halves away from 0.
                pub Round = round(x) -> r, cheap call "round", { float::round(x) }, bar => [bar * r.flat()];
                /// The whole part.
                pub Trunc = trunc(x) -> r, cheap call "trunc", { float::trunc(x) }, bar => [bar * r.flat()];
                /// The fractional part, with the sign of `x`.
                pub Fract = fract(x) -> r, cheap call "fract", { float::fract(x) }, bar => [bar * (r.flat() + 1.0)];
                /// 0, or NaN where `x` is NaN. The derivative of a piecewise constant function.
                pub Flat = flat(x) -> r, cheap call "flat", { kernel::flat(x) }, bar => [bar * r];
                /// The error function.
                pub Erf = erf(x) -> r, costly call "erf", { kernel::erf(x) }, bar => [bar * x.gauss(1.0, 0.0)];
                /// The complementary error function, `1 - erf(x)`.
                pub Erfc = erfc(x) -> r, costly call "erfc", { kernel::erfc(x) }, bar => [-(bar * x.gauss(1.0, 0.0))];
                /// The cumulative distribution function of the standard normal distribution.
                pub NormCdf = norm_cdf(x) -> r, costly call "norm_cdf", { kernel::norm_cdf(x) },
                    bar => [bar * x.gauss(0.5, 0.0)];
                /// The logarithm of `norm_cdf`, accurate in both tails: `-804.6` at -40, where `norm_cdf` underflows. All
                /// derivatives keep their digits.
                pub LogNormCdf = log_norm_cdf(x) -> r, costly call "log_norm_cdf", { kernel::log_norm_cdf(x) },
                    bar => [bar * x.log_norm_cdf_d(1.0)];
                /// The inverse of `erf`. Infinite at -1 and 1, NaN beyond.
                pub ErfInv = erf_inv(x) -> r, costly call "erf_inv", { kernel::erf_inv(x) }, bar => [bar * x.erf_inv_d()];
                /// The inverse of `erfc`, down to the least positive number. Infinite at 0 and 2, NaN beyond.
                pub ErfcInv = erfc_inv(x) -> r, costly call "erfc_inv", { kernel::erfc_inv(x) },
                    bar => [bar * x.erfc_inv_d()];
                /// The inverse of `norm_cdf`: the quantile of the standard normal distribution, down to the least positive
                /// number. Infinite at 0 and 1, NaN beyond.
                pub NormQuantile = norm_quantile(x) -> r, costly call "norm_quantile", { kernel::norm_quantile(x) },
                    bar => [bar * x.norm_quantile_d()];
                /// The logarithm of the absolute value of the gamma function.
                pub Lgamma = lgamma(x) -> r, costly call "lgamma", { kernel::lgamma(x) }, bar => [bar * x.digamma()];
                /// The derivative of `lgamma`.
                pub Digamma = digamma(x) -> r, costly call "digamma", { kernel::digamma(x) },
                    bar => [bar * x.polygamma_n(1.0)];
                /// The quotient.
                pub Div = div(x, y) -> r, cheap infix "/", { x / y }, bar => [bar / y, -(bar * r / y)];
                /// `x` to the power `y`.
                pub Pow = pow(x, y) -> r, costly infix "^", { kernel::pow(x, y) },
                    bar => [bar * x.pow_partial(y, 1.0, 0.0), bar * x.pow_partial(y, 0.0, 1.0)];
                /// The angle of the point whose ordinate is `x` (the first operand) and whose abscissa is `y`, in radians.
                pub Atan2 = atan2(x, y) -> r, costly call "atan2", { kernel::atan2(x, y) },
                    bar => [bar * y.zpow(x, 1.0, 0.0), -(bar * y.zpow(x, 1.0, 1.0))];
                /// `sqrt(x^2 + y^2)` without overflow.
                pub Hypot = hypot(x, y) -> r, costly call "hypot", { kernel::hypot(x, y) },
                    bar => [bar * x.hypot_partial(y, 1.0, 0.0), bar * x.hypot_partial(y, 0.0, 1.0)];
                /// The larger, or NaN if either is NaN. At a tie each operand receives half of the gradient.
                pub Max = max(x, y) -> r, cheap call "max", { kernel::max(x, y) },
                    bar => [bar * x.prefer(y), bar * y.prefer(x)];
                /// The smaller, or NaN if either is NaN. At a tie each operand receives half of the gradient.
                pub Min = min(x, y) -> r, cheap call "min", { kernel::min(x, y) },
                    bar => [bar * y.prefer(x), bar * x.prefer(y)];
                /// The remainder of `x / y` with the sign of `x`, exact. Its derivatives are 1 and minus the whole
                /// part of the quotient, or NaN where the remainder is NaN.
                pub Rem = rem(x, y) -> r, costly infix "%", { x % y },
                    bar => [bar * (r.flat() + 1.0), -(bar * ((x - r) / y).round())];
                /// The magnitude of `x` with the sign of `y`.
                pub Copysign = copysign(x, y) -> r, cheap call "copysign", { x.copysign(y) },
                    bar => [bar * (x.sign() * y.lift(1.0).copysign(y)), bar * y.lift(0.0)];
                /// `ln(e^x + e^y)` without overflow.
                pub Logaddexp = logaddexp(x, y) -> r, costly call "logaddexp", { kernel::logaddexp(x, y) },
                    bar => [bar * x.softmax2(y), bar * y.softmax2(x)];
                /// `x ln y`, and 0 where `x` is 0, also at `y = 0`. NaN where `y` is NaN, and where `y < 0` but for `x = 0`.
                /// The term of an entropy or of a likelihood.
                pub Xlogy = xlogy(x, y) -> r, costly call "xlogy", { kernel::xlogy(x, y) },
                    bar => [bar * y.ln(), bar * x / (y + y.ln().flat())];
                /// `x ln(1 + y)`, accurate near `y = 0`, and 0 where `x` is 0, also at `y = -1`. NaN where `y` is NaN, and where
                /// `y < -1` but for `x = 0`.
                pub Xlog1py = xlog1py(x, y) -> r, costly call "xlog1py", { kernel::xlog1py(x, y) },
                    bar => [bar * y.ln_1p(), bar * x / (y + 1.0 + y.ln_1p().flat())];
                /// `x * y + z`, rounded once.
                pub MulAdd = mul_add(x, y, z) -> r, cheap call "mul_add", { float::mul_add(x, y, z) },
                    bar => [bar * y, bar * x, bar];
                /// `y` where the condition `x` is not 0, else `z`.
                pub Select = select(x, y, z) -> r, cheap call "select", { if x != 0.0 { y } else { z } },
                    bar => [bar * x.lift(0.0), bar * x.not_equal(x.lift(0.0)), bar * x.equal(x.lift(0.0))];
                /// `x / c`, with a constant `c`.
                pub DivC = div_c(x; c: real) -> r, cheap before_constant "/", { x / c }, bar => [bar / x.lift(c)];
                /// `c / x`, with a constant `c`.
                pub CDiv = c_div(x; c: real) -> r, cheap after_constant "/", { c / x }, bar => [-(bar * r / x)];
                /// The `k`-th derivative of `x^p`. `powi` and `powf` with a constant record it with `k = 0`.
                Powd = powd(x; p: real, k: order) -> r, costly call "powd", { kernel::powd(x, p, k) },
                    bar => [bar * x.powd(p, k + 1.0)];
                /// The `n`-th derivative of the cube root.
                CbrtD = cbrt_d(x; n: order) -> r, costly call "cbrt_d", { kernel::cbrt_d(x, n) },
                    bar => [bar * x.cbrt_d(n + 1.0)];
                /// The `n`-th derivative of `sinc`.
                SincD = sinc_d(x; n: order) -> r, costly call "sinc_d", { kernel::sinc_d(x, n) },
                    bar => [bar * x.sinc_d(n + 1.0)];
                /// The `n`-th derivative of `log_norm_cdf`. The first is the inverse of Mills' ratio.
                LogNormCdfD = log_norm_cdf_d(x; n: order) -> r, costly call "log_norm_cdf_d", { kernel::log_norm_cdf_d(x, n) },
                    bar => [bar * x.log_norm_cdf_d(n + 1.0)];
                /// `sqrt(pi) / 2 e^(y^2)`, where `y` is `erf_inv(x)`: its derivative.
                ErfInvD = erf_inv_d(x) -> r, costly call "erf_inv_d", { kernel::erf_inv_d(x) },
                    bar => [bar * (x.erf_inv() * 2.0) * r * r];
                /// `-sqrt(pi) / 2 e^(y^2)`, where `y` is `erfc_inv(x)`: its derivative.
                ErfcInvD = erfc_inv_d(x) -> r, costly call "erfc_inv_d", { kernel::erfc_inv_d(x) },
                    bar => [bar * (x.erfc_inv() * 2.0) * r * r];
                /// `sqrt(2 pi) e^(q^2 / 2)`, where `q` is `norm_quantile(x)`: its derivative.
                NormQuantileD = norm_quantile_d(x) -> r, costly call "norm_quantile_d", { kernel::norm_quantile_d(x) },
                    bar => [bar * x.norm_quantile() * r * r];
                /// The `n`-th derivative of `digamma`.
                Polygamma = polygamma_n(x; n: order) -> r, costly call "polygamma", { kernel::polygamma(x, n) },
                    bar => [bar * x.polygamma_n(n + 1.0)];
                /// `c / x` for `x >= 0`, the limit from above at both zeros, NaN for `x < 0`.
                RecipPos = recip_pos(x; c: real) -> r, cheap call "recip_pos", { kernel::recip_pos(x, c) },
                    bar => [-(bar * r * x.recip_pos(1.0))];
                /// `1 - tanh(x)^2`. The second operand must be `tanh(x)`.
                Sech2 = sech2(x, y) -> r, costly call "sech2", { kernel::sech2(x, y) },
                    bar => [bar * (y * -2.0) * r, bar * y.lift(0.0)];
                /// `sigmoid(x) * sigmoid(-x)`.
                SigmoidD = sigmoid_d(x) -> r, costly call "sigmoid_d", { kernel::sigmoid_d(x) },
                    bar => [-(bar * r * (x * 0.5).tanh())];
                /// `1 / sqrt((1 - x) (1 + x))`.
                Rsqrt1m = rsqrt1m(x) -> r, costly call "rsqrt1m", { kernel::rsqrt1m(x) }, bar => [bar * x * r * r * r];
                /// `1 / (1 + x^2)`.
                AtanD = atan_d(x) -> r, costly call "atan_d", { kernel::atan_d(x) }, bar => [bar * (x * -2.0) * r * r];
                /// `1 / sqrt(1 + x^2)`.
                Rsqrt1p = rsqrt1p(x) -> r, costly call "rsqrt1p", { kernel::rsqrt1p(x) },
                    bar => [-(bar * x * r * r * r)];
                /// `1 / (sqrt(x - 1) sqrt(x + 1))`.
                AcoshD = acosh_d(x) -> r, costly call "acosh_d", { kernel::acosh_d(x) },
                    bar => [-(bar * (x + r.flat()) * r * r * r)];
                /// `1 / ((1 - x) (1 + x))` on [-1, 1], NaN elsewhere.
                AtanhD = atanh_d(x) -> r, costly call "atanh_d", { kernel::atanh_d(x) },
                    bar => [bar * (x * 2.0) * r * r];
                /// The `n`-th derivative of `k e^(-c x^2)`. For `c = 1` the factor `k` is `2 / sqrt(pi)`, so this is a
                /// derivative of `erf`. For any other `c` it is `1 / sqrt(2 pi)`, so `c = 1/2` gives a derivative of
                /// `norm_cdf`.
                Gauss = gauss(x; c: real, n: order) -> r, costly call "gauss", { kernel::gauss(x, c, n) },
                    bar => [bar * x.gauss(c, n + 1.0)];
                /// The partial derivative of `x^y`, `j` times with respect to `x` and `k` times with respect to `y`.
                PowPartial = pow_partial(x, y; j: order, k: order) -> r, costly call "pow_partial", { kernel::pow_partial(x, y, j, k) },
                    bar => [bar * x.pow_partial(y, j + 1.0, k), bar * x.pow_partial(y, j, k + 1.0)];
                /// The real part of `i^k (x + iy)^-n`, and 0 at the origin.
                Zpow = zpow(x, y; n: order, k: order) -> r, costly call "zpow", { kernel::zpow(x, y, n, k) },
                    bar => [-(bar * x.lift(n) * x.zpow(y, n + 1.0, k)), -(bar * x.lift(n) * x.zpow(y, n + 1.0, k + 1.0))];
                /// The partial derivative of `hypot`, `j` times with respect to `x` and `k` times with respect to `y`. 0 at the origin.
                HypotPartial = hypot_partial(x, y; j: order, k: order) -> r, costly call "hypot_partial", { kernel::hypot_partial(x, y, j, k) },
                    bar => [bar * x.hypot_partial(y, j + 1.0, k), bar * x.hypot_partial(y, j, k + 1.0)];
                /// `x / z`, and 0 where `x` is 0. The third operand must be `hypot(x, y)`. The partial of a norm with
                /// respect to `x`, where the other operands have the norm `y`.
                Unit = unit(x, y, z) -> r, costly call "unit", { kernel::gdiv(x, z) },
                    bar => [bar * y.unit(x, z) / z * y.unit(x, z), -(bar * r / z * y.unit(x, z)), bar * z.lift(0.0)];
                /// `e^x / (e^x - 1)` for `x <= 0`, NaN elsewhere: the derivative of `log1m_exp`.
                Log1mExpD = log1m_exp_d(x) -> r, costly call "log1m_exp_d", { kernel::log1m_exp_d(x) },
                    bar => [-(bar * r * (r - 1.0))];
                /// 1 where `x > y`, 1/2 at a tie, 0 where `x < y`: the share of `x` in the maximum.
                Prefer = prefer(x, y) -> r, cheap call "prefer", { kernel::prefer(x, y) },
                    bar => [bar * r.flat(), bar * r.flat()];
                /// `1 / (1 + e^(y - x))`: the share of `x` in `logaddexp`.
                Softmax2 = softmax2(x, y) -> r, costly call "softmax2", { kernel::softmax2(x, y) },
                    bar => [bar * x.softmax2_d(y), -(bar * x.softmax2_d(y))];
                /// The derivative of `softmax2` with respect to `x`.
                Softmax2D = softmax2_d(x, y) -> r, costly call "softmax2_d", { kernel::softmax2_d(x, y) },
                    bar => [-(bar * r * ((x - y) * 0.5).tanh()), bar * r * ((x - y) * 0.5).tanh()];
                /// `e^(x - y)`, and 1 where they are equal, infinities included.
                ExpDiff = exp_diff(x, y) -> r, costly call "exp_diff", { kernel::exp_diff(x, y) },
                    bar => [bar * r, -(bar * r)];
                /// The guarded product: 0 where either factor is 0, whatever the other is.
                Gmul = gmul(x, y) -> r, cheap infix "*", { kernel::gmul(x, y) }, bar => [bar * y, bar * x];
                /// The guarded quotient: 0 where `x` is 0, whatever `y` is.
                Gdiv = gdiv(x, y) -> r, cheap infix "/", { kernel::gdiv(x, y) }, bar => [bar / y, -(bar * r / y)];
                /// The value of `x`. No gradient passes.
                pub Detach = detach(x) -> r, none call "detach", { x }, bar => [];
                /// 1 where `x < y`, else 0.
                pub Lt = less(x, y) -> r, none infix "<", { f64::from(x < y) }, bar => [];
                /// 1 where `x <= y`, else 0.
                pub Le = less_equal(x, y) -> r, none infix "<=", { f64::from(x <= y) }, bar => [];
                /// 1 where `x > y`, else 0.
                pub Gt = greater(x, y) -> r, none infix ">", { f64::from(x > y) }, bar => [];
                /// 1 where `x >= y`, else 0.
                pub Ge = greater_equal(x, y) -> r, none infix ">=", { f64::from(x >= y) }, bar => [];
                /// 1 where `x == y`, else 0.
                pub Eq = equal(x, y) -> r, none infix "==", { f64::from(x == y) }, bar => [];
                /// 1 where `x != y`, NaN included, else 0.
                pub Ne = not_equal(x, y) -> r, none infix "!=", { f64::from(x != y) }, bar => [];
            }
            folds {
                /// The sum, from left to right. 0 without operands.
                Sum = sum(xs) -> r, call "sum", least 0, { xs.iter().fold(0.0, |s, &x| s + x) },
                    partial => { for k in 0..xs.len() { partial(k, r.lift(1.0)) } };
                /// The product, from left to right. 1 without operands. Its partials are products too, never quotients.
                Product = product(xs) -> r, call "product", least 0, { xs.iter().fold(1.0, |s, &x| s * x) },
                    partial => { folds::product(xs, r, &mut partial) };
                /// The dot product of two lists of the same length, from left to right. 0 for empty lists.
                Dot = dot(xs, ys) -> r, call "dot", least 0, { xs.iter().zip(ys).fold(0.0, |s, (&x, &y)| s + x * y) },
                    partial => { for (k, (&x, &y)) in xs.iter().zip(ys).enumerate() { partial(k, y); partial(xs.len() + k, x) } };
                /// The largest, or NaN if any is NaN. At a tie of `k` operands each receives `1/k` of the gradient.
                MaxOf = max_of(xs) -> r, call "max", least 1, { xs[1..].iter().fold(xs[0], |s, &x| kernel::max(s, x)) },
                    partial => { let (hits, ties) = folds::extreme(xs, r); for k in 0..hits.len() { partial(k, hits[k] / ties) } };
                /// The smallest, or NaN if any is NaN. At a tie of `k` operands each receives `1/k` of the gradient.
                MinOf = min_of(xs) -> r, call "min", least 1, { xs[1..].iter().fold(xs[0], |s, &x| kernel::min(s, x)) },
                    partial => { let (hits, ties) = folds::extreme(xs, r); for k in 0..hits.len() { partial(k, hits[k] / ties) } };
                /// `ln` of the sum of `e^x`, without overflow.
                Logsumexp = logsumexp(xs) -> r, call "logsumexp", least 1, { folds::logsumexp(xs) },
                    partial => { let (shares, sum) = folds::softmax(xs, r); for k in 0..shares.len() { partial(k, shares[k] / sum) } };
                /// The mean: the sum, from left to right, divided by the count.
                Mean = mean(xs) -> r, call "mean", least 1, { xs.iter().fold(0.0, |s, &x| s + x) / xs.len() as f64 },
                    partial => { let share = r.lift(1.0 / xs.len() as f64); for k in 0..xs.len() { partial(k, share) } };
                /// The Euclidean norm: `hypot` folded from left to right. 0 without operands. At the origin its derivatives are 0.
                Norm = norm(xs) -> r, call "norm", least 0, { xs.iter().fold(0.0, |s: f64, &x| kernel::hypot(s, x)) },
                    partial => { folds::direction(xs, r, &mut partial) };
            }
        }
    };
}
pub(crate) use for_each_op;
