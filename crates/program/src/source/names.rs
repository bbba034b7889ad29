//! Identifiers and comments of labels, which may be any text.

use super::formulas::LIBRARY;

/// Words that mean something in Rust or in C.
#[rustfmt::skip]
const KEYWORDS: &[&str] = &[
    "_", "Self", "abstract", "alignas", "alignof", "as", "asm", "async", "auto", "await", "become", "bool", "box", "break",
    "case", "char", "const", "constexpr", "continue", "crate", "default", "do", "double", "dyn", "else", "enum", "extern",
    "false", "final", "float", "fn", "for", "gen", "goto", "if", "impl", "in", "inline", "int", "let", "long", "loop",
    "macro", "match", "mod", "move", "mut", "nullptr", "override", "priv", "pub", "ref", "register", "restrict", "return",
    "self", "short", "signed", "sizeof", "static", "static_assert", "struct", "super", "switch", "thread_local", "trait",
    "true", "try", "type", "typedef", "typeof", "typeof_unqual", "union", "unsafe", "unsigned", "unsized", "use",
    "virtual", "void", "volatile", "where", "while", "yield",
    "main",
    // Macros of GCC.
    "i386", "linux", "unix",
];

/// What `math.h` declares, up to C23 and with the extensions of POSIX and GNU. Of most there is one for floats and one for
/// long doubles too, with `f` and `l` after the name.
#[rustfmt::skip]
const MATH_H: &[&str] = &[
    "acos", "acosh", "acospi", "asin", "asinh", "asinpi", "atan", "atan2", "atan2pi", "atanh", "atanpi", "canonicalize",
    "cbrt", "ceil", "compoundn", "copysign", "cos", "cosh", "cospi", "daddl", "ddivl", "dfmal", "dmull", "double_t", "drem",
    "dsqrtl", "dsubl", "erf", "erfc", "exp", "exp10", "exp10m1", "exp2", "exp2m1", "expm1", "fabs", "fadd", "fdim", "fdiv",
    "ffma", "finite", "float_t", "floor", "fma", "fmax", "fmaximum", "fmaximum_mag", "fmaximum_mag_num", "fmaximum_num",
    "fmaxmag", "fmin", "fminimum", "fminimum_mag", "fminimum_mag_num", "fminimum_num", "fminmag", "fmod", "fmul",
    "fpclassify", "frexp", "fromfp", "fromfpx", "fsqrt", "fsub", "gamma", "gamma_r", "getpayload", "hypot", "ilogb",
    "iscanonical", "iseqsig", "isfinite", "isgreater", "isgreaterequal", "isinf", "isless", "islessequal", "islessgreater",
    "isnan", "isnormal", "issignaling", "issubnormal", "isunordered", "iszero", "j0", "j1", "jn", "ldexp", "lgamma",
    "lgamma_r", "lgammaf_r", "lgammal_r", "llogb", "llrint", "llround", "log", "log10", "log10p1", "log1p", "log2",
    "log2p1", "logb", "logp1", "lrint", "lround", "math_errhandling", "modf", "nan", "nearbyint", "nextafter", "nextdown",
    "nexttoward", "nextup", "pow", "pow10", "pown", "powr", "remainder", "remquo", "rint", "rootn", "round", "roundeven",
    "rsqrt", "scalb", "scalbln", "scalbn", "setpayload", "setpayloadsig", "signbit", "signgam", "significand", "sin",
    "sincos", "sinh", "sinpi", "sqrt", "tan", "tanh", "tanpi", "tgamma", "totalorder", "totalordermag", "trunc", "ufromfp",
    "ufromfpx", "y0", "y1", "yn",
    "DOMAIN", "HUGE", "HUGE_VAL", "HUGE_VALF", "HUGE_VALL", "INFINITY", "MAXFLOAT", "NAN", "OVERFLOW", "PLOSS", "SING",
    "SNAN", "SNANF", "SNANL", "TLOSS", "UNDERFLOW", "X_TLOSS",
];

/// How other macros of `math.h` begin, and names that C keeps for itself.
const RESERVED: &[&str] = &["FP_", "MATH_", "M_", "__"];

/// Whether a function can have this name, in both languages.
pub(super) fn can_name_a_function(name: &str) -> bool {
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let declared = |name| MATH_H.contains(&name) || LIBRARY.iter().any(|row| row.2 == Some(name));
    let of_c = name.strip_prefix('_').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()));
    starts
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !KEYWORDS.contains(&name)
        && !declared(name)
        && !name.strip_suffix(['f', 'l']).is_some_and(declared)
        && !of_c
        && !RESERVED.iter().any(|start| name.starts_with(start))
        && !name.starts_with("wengert_")
}

/// The name of a value: its number, then what of its label can stand in an identifier. The number alone tells values
/// apart, and makes it no keyword.
pub(super) fn identifier(value: usize, label: Option<&str>) -> String {
    let mut name = format!("v{value}");
    let words = label.unwrap_or("").split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    for word in words {
        if name.len() + word.len() > 60 {
            break;
        }
        name.push('_');
        name.push_str(word);
    }
    name
}

/// The text in quotes, without anything that ends or begins a comment.
pub(super) fn quoted(text: &str) -> String {
    format!("{text:?}").replace("*/", "*\\/").replace("/*", "/\\*")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_keeps_what_it_can_of_a_label() {
        let cases = [
            (None, "v3"),
            (Some("price"), "v3_price"),
            (Some("fn"), "v3_fn"),
            (Some("2nd"), "v3_2nd"),
            (Some("größe x"), "v3_gr_e_x"),
            (Some("日本"), "v3"),
            (Some("net/layer[0].w"), "v3_net_layer_0_w"),
            (Some("__a__b__"), "v3_a_b"),
            (Some(""), "v3"),
        ];
        for (label, expected) in cases {
            assert_eq!(identifier(3, label), expected);
        }
        assert_eq!(identifier(3, Some(&"a".repeat(1000))), "v3");
    }

    #[test]
    fn a_comment_stays_one() {
        assert_eq!(quoted("a*/b"), r#""a*\/b""#);
        assert_eq!(quoted("*/*/ /*/ //*"), r#""*\/\*\/ /\*\/ //\*""#);
        assert_eq!(quoted("a\nb\u{2028}\u{202e}\\"), r#""a\nb\u{2028}\u{202e}\\""#);
    }

    #[test]
    fn a_function_has_an_ascii_name_that_means_nothing_else() {
        for name in ["f", "_f2", "value_and_gradient", "l", "y2", "gamma2", "Mean", "FPS", "normal"] {
            assert!(can_name_a_function(name), "{name}");
        }
        for name in [
            "",
            "2f",
            "a b",
            "é",
            "fn",
            "double",
            "exp",
            "_",
            "wengert_gmul",
            "f()",
            "y0",
            "gamma",
            "gammaf",
            "scalbln",
            "M_PI",
            "NAN",
            "_Bool",
            "__f",
            "main",
        ] {
            assert!(!can_name_a_function(name), "{name}");
        }
    }
}
