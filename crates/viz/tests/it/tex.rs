//! Formulas in TeX read as a person would write them.

use wengert::{Expr, Graph, NO_IMM, Op};
use wengert_viz::{Error, to_tex};

fn tex(f: impl Fn(Expr<'_>, Expr<'_>) -> String) -> String {
    let g = Graph::new();
    f(g.var(0.5).named("x"), g.var(0.25).named("y"))
}

fn of(expr: Expr<'_>) -> String {
    to_tex(expr.graph().unwrap(), expr.id()).unwrap()
}

fn slope(expr: Expr<'_>, x: Expr<'_>) -> String {
    let g = expr.graph().unwrap();
    to_tex(g, g.gradient_nodes(expr.id(), &[x.id()])[0]).unwrap()
}

#[test]
fn operators_have_the_parentheses_that_they_need_and_no_more() {
    assert_eq!(tex(|x, y| of((x + y) * (x - y))), r"\left(x + y\right) \, \left(x - y\right)");
    assert_eq!(tex(|x, y| of(x - (y - x))), r"x - \left(y - x\right)");
    assert_eq!(tex(|x, y| of(x + (y - x))), r"x + y - x");
    assert_eq!(tex(|x, y| of((x + y).powi(3))), r"\left(x + y\right)^{3}");
    assert_eq!(tex(|x, y| of((x / y).powi(2))), r"\left(\frac{x}{y}\right)^{2}");
    assert_eq!(tex(|x, _| of(-(x * 2.0))), r"-2 \, x");
    assert_eq!(tex(|x, _| of(x * -2.0)), r"-2 \, x");
    assert_eq!(tex(|x, y| of(x + y * -2.0)), r"x - 2 \, y");
    assert_eq!(tex(|x, _| of(x * 1e-9)), r"1 \cdot 10^{-9} \, x");
    assert_eq!(tex(|x, y| of((x.exp() + y).ln())), r"\ln\left(e^{x} + y\right)");
}

#[test]
fn derivatives_read_as_they_are_taught() {
    assert_eq!(tex(|x, _| slope(x.sin(), x)), r"\cos\left(x\right)");
    assert_eq!(tex(|x, _| slope(x.powi(3), x)), r"3 \, x^{2}");
    assert_eq!(tex(|x, _| slope(x.sqrt(), x)), r"\frac{0.5}{\sqrt{x}}");
    assert_eq!(tex(|x, _| slope(x.tanh(), x)), r"\operatorname{sech}^2\left(x\right)");
    assert_eq!(tex(|x, y| slope(x * y, x)), "y");
    assert_eq!(tex(|x, _| slope(x.atan(), x)), r"\frac{1}{1 + x^{2}}");
    assert_eq!(tex(|x, _| slope(x.norm_cdf(), x)), r"\varphi\left(x\right)");
    assert_eq!(tex(|x, _| of(x.log_norm_cdf())), r"\ln\left(\Phi\left(x\right)\right)");
    assert_eq!(tex(|x, _| of(x.norm_quantile())), r"\Phi^{-1}\left(x\right)");
}

#[test]
fn what_has_a_name_or_is_used_again_has_a_line_of_its_own() {
    let g = Graph::new();
    let [a, b, c, f] = [("a", 2.0), ("b", -3.0), ("c", 10.0), ("f", -2.0)].map(|(name, x)| g.var(x).named(name));
    let l = (((a * b).named("e") + c).named("d") * f).named("L");
    assert_eq!(of(l), "\\begin{aligned}\ne &= a \\, b \\\\\nd &= e + c \\\\\nL &= d \\, f\n\\end{aligned}");
    let both = (a * b + c).sin();
    assert_eq!(
        of(both * both),
        "\\begin{aligned}\nt_{1} &= \\sin\\left(a \\, b + c\\right) \\\\\n & t_{1} \\, t_{1}\n\\end{aligned}"
    );
}

#[test]
fn two_nodes_never_have_one_name() {
    let g = Graph::new();
    let [a, b, c] = ["x1", "x_1", "x1"].map(|name| g.var(1.0).named(name));
    assert_eq!(of(a * b + c), r"x_{1} \, \text{x\_1 (n1)} + \text{x1 (n2)}");
    // Keys of leaves, and labels that read like them, or like what a label became.
    let g = Graph::new();
    let [plain, key, empty] = [g.var(1.0), g.var(2.0).named("n_0"), g.var(3.0).named(" ")];
    let [first, taken, second] = ["w", "w (n5)", "w"].map(|name| g.var(1.0).named(name));
    assert_eq!(of(plain * key + empty), r"n_{0} \, \text{n\_0 (n1)} + n_{2}");
    assert_eq!(of(first * taken + second), r"w \, \text{w (n5)} + \text{w (n5) (n5)}");
    // Names of lines.
    let g = Graph::new();
    let [a, b] = ["t_1", "t2"].map(|name| g.var(1.0).named(name));
    let long = (a * b + 1.0).sin();
    assert_eq!(
        of(long * long),
        "\\begin{aligned}\nt_{3} &= \\sin\\left(t_{1} \\, t_{2} + 1\\right) \\\\\n & t_{3} \\, t_{3}\n\\end{aligned}"
    );
}

#[test]
fn a_long_formula_is_cut_into_lines_that_can_be_read() {
    let g = Graph::new();
    let y = (0..200).fold(g.var(0.5).named("x"), |x, _| x.sin());
    let tex = of(y);
    assert!(tex.lines().all(|line| line.len() < 200), "{tex}");
    // A chain of a hundred thousand needs no more stack than one of ten.
    let y = (0..100_000).fold(g.var(0.5), |x, _| x.cos());
    assert!(of(y).starts_with("\\begin{aligned}"));
}

#[test]
fn every_op_has_a_formula_with_balanced_braces() {
    let g = Graph::new();
    let inputs = g.leaves(&[0.5, 0.25, 0.75]);
    for &op in Op::ALL {
        let Some(count) = (1..=3).find(|&count| op.takes(count)) else {
            continue;
        };
        for given in [[1.0, 0.0], [0.5, 1.0], [2.0, 2.0]] {
            let mut imm = NO_IMM;
            imm[..op.immediates()].copy_from_slice(&given[..op.immediates()]);
            // 0.5 is not the order of a derivative.
            if op.check_immediates(imm).is_err() {
                continue;
            }
            let node = g.try_record(op, imm, &inputs[..count]).unwrap();
            for node in [&[node][..], &g.gradient_nodes(node, &inputs)].concat() {
                let tex = to_tex(&g, node).unwrap();
                let opened = tex.matches('{').count();
                assert_eq!(opened, tex.matches('}').count(), "{op}: {tex}");
                assert_eq!(tex.matches("\\left(").count(), tex.matches("\\right)").count(), "{op}: {tex}");
            }
        }
    }
}

#[test]
fn a_key_of_another_graph_is_refused() {
    let other = Graph::new().leaf(1.0);
    assert!(matches!(to_tex(&Graph::new(), other), Err(Error::Graph(_))));
}

#[test]
fn a_remainder_stands_in_parentheses() {
    let remainder = r"\left(x \bmod y\right)";
    assert_eq!(tex(|x, y| of(y * (x % y))), format!(r"y \, {remainder}"));
    assert_eq!(tex(|x, y| of((x % y) * y)), format!(r"{remainder} \, y"));
    assert_eq!(tex(|x, y| of(-(x % y))), format!("-{remainder}"));
    assert_eq!(tex(|x, y| of(x % y + y)), format!("{remainder} + y"));
}
