//! Where NaNs and infinities come from.

use wengert::{Error, Expr, Graph, Op};

#[test]
fn what_is_finite_has_nothing_to_explain() {
    let g = Graph::new();
    let x = g.var(2.0);
    assert!(g.explain_nan((x.ln() * x).id()).is_none());
    assert!(g.explain_nan(x.id()).is_none());
    // An infinity that does no harm: an unused branch, a product with 0.
    let unused = (x - x).ln();
    let l = (x * 0.0).select(unused, x.exp());
    assert!(unused.value().is_infinite());
    assert!(g.explain_nan(l.id()).is_none());
    assert!(
        g.explain_nan(((x * x - 4.0) * (x * x - 4.0)).sqrt().id()).is_none(),
        "an adjoint that is infinite on the way only"
    );
}

#[test]
fn the_first_value_that_is_not_finite_is_found_with_its_path() {
    let g = Graph::new();
    let [x, y] = [3.0, 4.0].map(|v| g.var(v));
    g.label(x.id(), "mean");
    let scope = g.scope("loss");
    let variance = x * x - 9.0;
    g.label(variance.id(), "variance");
    let bad = y / variance;
    drop(scope);
    let fine = y.exp();
    let after = bad - bad * 2.0;
    let l = after + fine;
    let origin = g.explain_nan(l.id()).unwrap();
    let value = origin.value.as_ref().unwrap();
    assert_eq!((value.site.node, value.site.op), (bad.id(), Op::Div));
    assert_eq!(value.site.operands[1].label.as_deref(), Some("variance"));
    assert_eq!(value.site.scope, ["loss"]);
    assert_eq!(value.path.first().map(|p| p.0), Some(bad.id()));
    assert_eq!(value.path.last().map(|p| p.0), Some(l.id()));
    for two in value.path.windows(2) {
        assert!(g.node(two[1].0).operands.contains(&two[0].0), "each is an operand of the next");
    }
    let story = origin.to_string();
    for part in ["is inf", "\"variance\" = 0", "in loss", "spreads", "NaN"] {
        assert!(story.contains(part), "{part}: {story}");
    }
}

#[test]
fn the_earliest_of_several_is_the_one_that_matters() {
    let g = Graph::new();
    let x = g.var(-1.0);
    let harmless = (x + 1.0).ln();
    let first = x.sqrt();
    let second = x.ln();
    let l = first + second;
    let origin = g.explain_nan(l.id()).unwrap();
    assert!(harmless.value().is_infinite());
    assert_eq!(origin.value.unwrap().site.node, first.id(), "not the earlier one that goes nowhere");
}

#[test]
fn infinities_that_make_a_nan_are_named_with_their_values() {
    let g = Graph::new();
    let x = g.var(800.0);
    let (up, more) = (x.exp().named("up"), (x * 2.0).exp());
    let zero = (x - 800.0).named("zero");
    let story = |l: Expr<'_>| g.explain_nan(l.id()).unwrap().to_string();
    let nan = |l: Expr<'_>| g.explain_nan(l.id()).unwrap().value.unwrap().nan.map(|site| site.node);
    for (l, terms) in [
        (up - more, "n1 - n3 is inf - inf, where n1 \"up\" = inf, n3 = inf"),
        (up + -more, " is inf + -inf, where n1 \"up\" = inf, n"),
        (zero * up, "n4 * n1 is 0 * inf, where n4 \"zero\" = 0, n1 \"up\" = inf"),
        (more / up, "n3 / n1 is inf / inf, where n3 = inf, n1 \"up\" = inf"),
    ] {
        assert_eq!(nan(l), Some(l.id()));
        let text = story((l + 1.0).sin());
        assert!(text.contains("and becomes NaN: n") && text.contains(terms), "{text}");
        assert!(text.starts_with("n1 \"up\" = exp(n0) is inf, the first value that is not finite"), "{text}");
    }
    let down = -more;
    let sum = g.expr(g.sum(&[x.id(), up.id(), x.id(), down.id()]));
    let text = story(sum);
    assert!(text.contains(&format!("(800, inf, 800, -inf), where n1 \"up\" = inf, {} = -inf", down.id())), "{text}");
    // Not where the first value is NaN itself, where all is infinite, and where another NaN comes in.
    assert_eq!(nan((zero - 1.0).ln() + 1.0), None);
    assert_eq!(nan(up * 2.0), None);
    assert_eq!(nan(up - (zero - 1.0).ln()), None);
}

#[test]
fn a_leaf_or_constant_that_was_given_so_is_named() {
    let mut g = Graph::new();
    let x = g.leaf(1.0);
    g.label(x, "input");
    let l = g.mul(g.sin(x), x);
    g.set(x, f64::NAN);
    g.forward().unwrap();
    let story = g.explain_nan(l).unwrap().to_string();
    assert!(story.starts_with("n0 \"input\" is NaN, as it was set"), "{story}");
    let l = g.add(g.constant(f64::INFINITY), g.leaf(1.0));
    assert!(g.explain_nan(l).unwrap().to_string().contains("a constant"));
}

#[test]
fn a_derivative_that_breaks_is_found_where_it_does() {
    let g = Graph::new();
    let [x, y] = [3.0, 2.0].map(|v| g.var(v));
    let distance = x * x - 9.0;
    g.label(distance.id(), "distance");
    let root = distance.sqrt();
    let l = (root * y + y.exp()).sin();
    assert!(l.value().is_finite());
    let origin = g.explain_nan(l.id()).unwrap();
    assert!(origin.value.is_none(), "every value is finite");
    let adjoint = origin.adjoint.as_ref().unwrap();
    assert_eq!((adjoint.site.node, adjoint.site.op), (root.id(), Op::Sqrt));
    assert!(adjoint.adjoint.is_finite());
    assert_eq!(adjoint.sent.unwrap().0, 0);
    assert!(adjoint.sent.unwrap().1.is_infinite());
    assert_eq!(adjoint.leaf, x.id());
    assert_eq!(adjoint.path.first(), Some(&root.id()));
    assert_eq!(adjoint.path.last(), Some(&l.id()));
    for two in adjoint.path.windows(2) {
        assert!(g.node(two[1]).operands.contains(&two[0]));
    }
    let story = origin.to_string();
    for part in ["in the reverse sweep", "sqrt", "\"distance\"", "leaf n0 is not finite", "inf"] {
        assert!(story.contains(part), "{part}: {story}");
    }
}

#[test]
fn infinities_that_meet_are_traced_to_the_first_on_the_way_back() {
    let g = Graph::new();
    let x = g.var(0.0);
    let (up, down) = (x.cbrt(), -x.cbrt());
    let l = up + down + x;
    l.backward();
    assert!(x.grad().is_nan());
    let origin = g.explain_nan(l.id()).unwrap();
    let adjoint = origin.adjoint.unwrap();
    assert_eq!(adjoint.site.op, Op::Cbrt);
    assert_eq!(adjoint.site.node, g.node(down.id()).operands[0], "the later of the two is swept first");
    assert_eq!(g.grad(x.id()).to_bits(), x.grad().to_bits(), "gradients are left alone");
}

#[test]
fn constants_of_the_op_are_in_the_story() {
    let g = Graph::new();
    let l = g.var(0.0).powi(-2) + 1.0;
    let story = g.explain_nan(l.id()).unwrap().to_string();
    assert!(story.starts_with("n1 = n0 ^ -2 is inf"), "{story}");
}

#[test]
fn an_infinite_value_behind_a_finite_output_is_named_too() {
    // exp overflows, 1/inf is 0, and on the way back inf meets 0.
    let g = Graph::new();
    let x = g.var(800.0);
    let big = x.exp();
    let l = (big + 1.0).ln() / big;
    let story = g.explain_nan(l.id()).unwrap().to_string();
    assert!(story.starts_with("n1 = exp(n0) is inf") && story.contains("n0 = 800"), "{story}");
    // Here the output is finite, and its derivative is not.
    let l = 1.0 / big * big.recip().sqrt();
    assert_eq!(l.value(), 0.0);
    let origin = g.explain_nan(l.id());
    l.backward();
    assert_eq!(origin.is_some(), !x.grad().is_finite());
    let ratio = big / (big + 1.0);
    assert_eq!(g.explain_nan(ratio.id()).unwrap().value.unwrap().site.node, big.id());
}

#[test]
fn a_sum_of_adjoints_that_overflows_is_found() {
    let g = Graph::new();
    let x = g.var(1e-10);
    let shared = x * 2.0;
    let l = shared * 1.5e308 + shared * 1.5e308;
    assert!(l.value().is_finite());
    let adjoint = g.explain_nan(l.id()).unwrap().adjoint.unwrap();
    assert_eq!((adjoint.site.node, adjoint.sent), (shared.id(), None));
    assert_eq!((adjoint.adjoint, adjoint.leaf), (f64::INFINITY, x.id()));
    assert!(adjoint.to_string().contains("a sum that overflows"), "{adjoint}");
}

#[test]
fn a_path_of_a_million_nodes_is_followed_and_shown_in_brief() {
    let g = Graph::new();
    let x = g.var(0.0);
    let mut l = x.ln();
    for _ in 0..1_000_000 {
        l += 1.0;
    }
    let origin = g.explain_nan(l.id()).unwrap();
    assert_eq!(origin.value.as_ref().unwrap().path.len(), 1_000_001);
    assert!(origin.to_string().len() < 2000);
    let many: Vec<Expr> = (0..100_000).map(|k| g.var(f64::from(k))).collect();
    let sum = many.iter().map(|&x| x * 1e308).sum::<Expr>();
    assert!(g.explain_nan(sum.id()).unwrap().to_string().len() < 2000);
}

#[test]
fn wrong_keys_and_stale_values_are_refused() {
    let mut g = Graph::new();
    let x = g.leaf(0.0);
    let l = g.ln(x);
    let foreign = Graph::new().leaf(0.0);
    assert_eq!(g.try_explain_nan(foreign).unwrap_err(), Error::NotInGraph { node: foreign });
    g.set(x, 1.0);
    assert_eq!(g.try_explain_nan(l).unwrap_err(), Error::StaleValue { node: l, label: None });
}
