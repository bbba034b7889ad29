//! What the ops are in the text: functions of the standard libraries, and short formulas for the rest.
//!
//! A formula is written once, for both languages. Each line but the last is `let name = expression` or
//! `if condition: expression`, which returns; the last is the result. `$name` is a function of [`LIBRARY`] or
//! another formula; `$inf` and `$nan` are numbers. Tests compare each with the op itself.

/// A function that at least one of the standard libraries has, by the name of its op: its name in Rust, and in C. Rust
/// has inverse hyperbolic functions too, but they lose digits near the ends of their domains.
#[rustfmt::skip]
pub(super) const LIBRARY: &[(&str, Option<&str>, Option<&str>)] = &[
    ("abs", Some("abs"), Some("fabs")), ("sqrt", Some("sqrt"), Some("sqrt")), ("cbrt", Some("cbrt"), Some("cbrt")),
    ("exp", Some("exp"), Some("exp")), ("exp2", Some("exp2"), Some("exp2")), ("exp_m1", Some("exp_m1"), Some("expm1")),
    ("ln", Some("ln"), Some("log")), ("log2", Some("log2"), Some("log2")), ("log10", Some("log10"), Some("log10")),
    ("ln_1p", Some("ln_1p"), Some("log1p")),
    ("sin", Some("sin"), Some("sin")), ("cos", Some("cos"), Some("cos")), ("tan", Some("tan"), Some("tan")),
    ("asin", Some("asin"), Some("asin")), ("acos", Some("acos"), Some("acos")), ("atan", Some("atan"), Some("atan")),
    ("sinh", Some("sinh"), Some("sinh")), ("cosh", Some("cosh"), Some("cosh")), ("tanh", Some("tanh"), Some("tanh")),
    ("asinh", None, Some("asinh")), ("acosh", None, Some("acosh")), ("atanh", None, Some("atanh")),
    ("floor", Some("floor"), Some("floor")), ("ceil", Some("ceil"), Some("ceil")),
    ("round", Some("round"), Some("round")), ("trunc", Some("trunc"), Some("trunc")),
    ("erf", None, Some("erf")), ("erfc", None, Some("erfc")), ("lgamma", None, Some("lgamma")),
    ("pow", Some("powf"), Some("pow")), ("atan2", Some("atan2"), Some("atan2")), ("hypot", Some("hypot"), Some("hypot")),
    ("copysign", Some("copysign"), Some("copysign")), ("mul_add", Some("mul_add"), Some("fma")),
];

/// A function of the preamble.
pub(super) struct Formula {
    pub(super) name: &'static str,
    pub(super) parameters: &'static [&'static str],
    pub(super) lines: &'static [&'static str],
}

const fn formula(name: &'static str, parameters: &'static [&'static str], lines: &'static [&'static str]) -> Formula {
    Formula { name, parameters, lines }
}

const X: &[&str] = &["x"];
const XY: &[&str] = &["x", "y"];

pub(super) const FORMULAS: &[Formula] = &[
    formula("gmul", XY, &["let p = x * y", "if p != p && (x == 0.0 || y == 0.0): 0.0", "p"]),
    formula("gdiv", XY, &["let q = x / y", "if q != q && x == 0.0: 0.0", "q"]),
    formula("recip_pos", &["x", "c"], &["if x >= 0.0: c / $abs(x)", "$nan"]),
    formula("max", XY, &["if x == y && x == 0.0: x + y", "if x > y || x != x: x", "y"]),
    formula("min", XY, &["if x == y && x == 0.0: -(-x - y)", "if x < y || x != x: x", "y"]),
    formula("prefer", XY, &["if x > y: 1.0", "if x < y: 0.0", "if x == y: 0.5", "$nan"]),
    formula("relu", X, &["if x <= 0.0: 0.0", "x"]),
    formula("step", X, &["if x > 0.0: 1.0", "if x <= 0.0: 0.0", "x"]),
    formula("sign", X, &["if x > 0.0: 1.0", "if x < 0.0: -1.0", "if x == 0.0: 0.0", "x"]),
    formula("flat", X, &["if x == x: 0.0", "x"]),
    formula("fract", X, &["x - $trunc(x)"]),
    formula("sech2", X, &["let e = $exp(-2.0 * $abs(x))", "4.0 * e / ((1.0 + e) * (1.0 + e))"]),
    formula("sigmoid", X, &["let e = $exp(-$abs(x))", "if x >= 0.0: 1.0 / (1.0 + e)", "e / (1.0 + e)"]),
    formula("sigmoid_d", X, &["let e = $exp(-$abs(x))", "e / ((1.0 + e) * (1.0 + e))"]),
    formula("softplus", X, &["if x > 0.0: x + $ln_1p($exp(-x))", "$ln_1p($exp(x))"]),
    formula("log1m_exp", X, &["if x > -0.6931471805599453: $ln(-$exp_m1(x))", "$ln_1p(-$exp(x))"]),
    formula("log1m_exp_d", X, &["if x > 0.0: $nan", "if x == 0.0: -1.0 / $abs(x)", "$exp(x) / $exp_m1(x)"]),
    formula("softmax2", XY, &["if x == y: 0.5", "$sigmoid(x - y)"]),
    formula("softmax2_d", XY, &["if x == y: 0.25", "$sigmoid_d(x - y)"]),
    formula("exp_diff", XY, &["if x == y: 1.0", "$exp(x - y)"]),
    formula("logaddexp", XY, &["let m = $max(x, y)", "if x == y && m - m != 0.0: m", "m + $ln_1p($exp(-$abs(x - y)))"]),
    formula("xlogy", XY, &["if x == 0.0 && y == y: 0.0", "x * $ln(y)"]),
    formula("xlog1py", XY, &["if x == 0.0 && y == y: 0.0", "x * $ln_1p(y)"]),
    formula("sinc", X, &["if x == 0.0: 1.0", "if $abs(x) == $inf: 0.0", "$sin(x) / x"]),
    formula("rsqrt1m", X, &["1.0 / $sqrt((1.0 - x) * (1.0 + x))"]),
    formula("atan_d", X, &["1.0 / (1.0 + x * x)"]),
    formula("rsqrt1p", X, &["1.0 / $hypot(1.0, x)"]),
    formula("acosh_d", X, &["1.0 / ($sqrt(x - 1.0) * $sqrt(x + 1.0))"]),
    formula("atanh_d", X, &["if $abs(x) > 1.0: $nan", "1.0 / ((1.0 - x) * (1.0 + x))"]),
    // -x / sqrt(2).
    formula("norm_cdf", X, &["0.5 * $erfc(x * -0.7071067811865476)"]),
    // k e^(-a x^2), and its derivative. At infinity the exponential wins.
    formula("gauss_0", &["x", "a", "k"], &["k * $exp(-a * x * x)"]),
    formula("gauss_1", &["x", "a", "k"], &["$gmul(-2.0 * a * x, k * $exp(-a * x * x))"]),
    // c x^q, in halves, so that the power does not overflow where the product does not.
    formula(
        "power",
        &["x", "c", "q"],
        &[
            "let h = $pow($abs(x), 0.5 * q)",
            "let r = $gmul(c, h) * h",
            "if x >= 0.0: r",
            "if $trunc(q) != q: $nan",
            "if 2.0 * $trunc(0.5 * q) == q: r",
            "-r",
        ],
    ),
    formula("even_power", &["x", "c", "q"], &["$power($abs(x), c, q)"]),
    formula("odd_power", &["x", "c", "q"], &["if x < 0.0: -$power(-x, c, q)", "$power(x, c, q)"]),
    // Partials of x^y.
    formula("pow_1_0", XY, &["if y == 0.0: 0.0", "if x < 0.0 && $trunc(y) != y: $nan", "$power(x, y, y - 1.0)"]),
    formula(
        "pow_2_0",
        XY,
        &["if y == 0.0 || y == 1.0: 0.0", "if x < 0.0 && $trunc(y) != y: $nan", "$power(x, y * (y - 1.0), y - 2.0)"],
    ),
    formula(
        "pow_0_1",
        XY,
        &[
            "if x < 0.0 || y != y: $nan",
            "if x == 0.0 && y >= 0.0: 0.0",
            "let h = $pow(x, 0.5 * y)",
            "$gmul(h, $ln(x)) * h",
        ],
    ),
    // The real part of 1 / (x + iy); the real part and minus the imaginary part of its square.
    formula(
        "inverse",
        XY,
        &["let h = $hypot(x, y)", "if h == 0.0 || (h == $inf && x == x && y == y): 0.0", "x / h / h"],
    ),
    formula(
        "inverse_2_0",
        XY,
        &[
            "let h = $hypot(x, y)",
            "if h == 0.0 || (h == $inf && x == x && y == y): 0.0",
            "(x - y) / h * ((x + y) / h) / h / h",
        ],
    ),
    formula(
        "inverse_2_1",
        XY,
        &[
            "let h = $hypot(x, y)",
            "if h == 0.0 || (h == $inf && x == x && y == y): 0.0",
            "2.0 * (x / h) * (y / h) / h / h",
        ],
    ),
    // Partials of the hypotenuse. Only the direction of a point at infinity counts.
    formula("direction", X, &["if $abs(x) == $inf: $copysign(1.0, x)", "0.0"]),
    formula(
        "hypot_1_0",
        XY,
        &[
            "let m = $max($abs(x), $abs(y))",
            "if m == 0.0: 0.0",
            "if m == $inf: $hypot_1_0($direction(x), $direction(y))",
            "x / m / $hypot(x / m, y / m)",
        ],
    ),
    formula(
        "hypot_2_0",
        XY,
        &[
            "let m = $max($abs(x), $abs(y))",
            "if m == 0.0 || m == $inf: 0.0",
            "let h = $hypot(x / m, y / m)",
            "let v = y / m / h",
            "v * (v / m) / h",
        ],
    ),
    formula(
        "hypot_1_1",
        XY,
        &[
            "let m = $max($abs(x), $abs(y))",
            "if m == 0.0 || m == $inf: 0.0",
            "let h = $hypot(x / m, y / m)",
            "-(x / m / h) * (y / m / h) / h / m",
        ],
    ),
];
