//! Checking gradients against differences.

use std::sync::Arc;

use wengert::{Error, Expr, External, GradientCheck, Graph, NodeId, Verdict, check_gradient};

use crate::external::Product;

/// A graph whose gradient with respect to its first leaf is wrong: `detach` stops the gradient, but not the
/// differences.
fn wrong(factor: f64, at: f64) -> GradientCheck {
    let mut g = Graph::new();
    let x = g.leaves(&[at, 2.0]);
    let hidden = g.mul(g.detach(g.sin(x[0])), g.constant(factor));
    let l = g.add(g.mul(g.exp(x[0]), x[1]), hidden);
    g.label(x[0], "angle");
    g.check_gradient(l, &x).unwrap()
}

#[test]
fn right_gradients_pass() {
    let check = check_gradient(|x| (x[0] * x[1]).sin() / x[2].exp() + x[1].ln().powi(3), &[0.7, 2.0, -0.3]);
    assert!(check.passes(), "{check}");
    assert_eq!(check.components().len(), 3);
    assert!(check.worst().unwrap().relative_error < 1e-6, "{check}");
    assert_eq!(check.unsure().count(), 0);
}

#[test]
fn a_wrong_component_is_found_with_its_leaf() {
    for factor in [1.0, 1e-2, -1e-4] {
        let check = wrong(factor, 0.5);
        assert!(!check.passes());
        let worst = check.worst().unwrap();
        assert_eq!((worst.index, worst.label.as_deref()), (0, Some("angle")));
        assert!((worst.numeric - (0.5f64.exp() * 2.0 + factor * 0.5f64.cos())).abs() < 1e-8);
        let text = check.to_string();
        assert!(text.contains("1 of 2 components differ") && text.contains("\"angle\""), "{text}");
    }
    assert!(wrong(0.0, 0.5).passes());
}

#[test]
fn any_scale_can_be_checked() {
    for scale in [1e-12, 1e-8, 1e-3, 1.0, 1e5, 1e12] {
        let check = check_gradient(|x| x[0].ln() + x[0] * x[0], &[scale]);
        assert!(check.passes() && check.unsure().count() == 0, "{scale}: {check}");
        let check = check_gradient(|x| (x[0] / scale).sin() * 1e6, &[scale]);
        assert!(check.passes() && check.unsure().count() == 0, "{scale}: {check}");
    }
    let near_zero = check_gradient(|x| (x[0].exp() - 1.0) * 1e-9 + x[0].cos(), &[0.0]);
    assert!(near_zero.passes(), "{near_zero}");
}

#[test]
fn a_kink_nearby_does_not_fool_it() {
    for distance in [1e-3, 1e-6, 1e-9] {
        let check =
            check_gradient(|x| x[0].abs() + x[0].relu() + x[1].max(Expr::constant(1.0)), &[distance, 1.0 + distance]);
        assert!(check.passes(), "{distance}: {check}");
        assert_eq!(check.unsure().count(), 0, "{distance}: {check}");
    }
}

#[test]
fn a_kink_is_reported_not_failed() {
    let check = check_gradient(|x| x[0].relu() + x[1].exp() + x[2].floor(), &[0.0, 1.0, 2.0]);
    assert!(check.passes(), "{check}");
    let verdicts: Vec<&Verdict> = check.components().iter().map(|c| &c.verdict).collect();
    assert_eq!(verdicts[..2], [&Verdict::Kink, &Verdict::Agrees], "{check}");
    assert_ne!(verdicts[2], &Verdict::Differs, "{check}");
    // A slope that neither side has is wrong, kink or not.
    let mut g = Graph::new();
    let x = g.leaf(0.0);
    let l = g.add(g.abs(x), g.detach(g.mul(x, g.constant(5.0))));
    assert!(!g.check_gradient(l, &[x]).unwrap().passes());
}

#[test]
fn a_wrong_gradient_at_a_minimum_is_not_called_a_kink() {
    let mut g = Graph::new();
    let x = g.leaf(0.0);
    let l = g.add(g.mul(x, x), g.detach(x));
    let check = g.check_gradient(l, &[x]).unwrap();
    assert!(!check.passes(), "{check}");
}

#[test]
fn a_branch_is_reported_and_one_nearby_stepped_around() {
    let f = |x: &[Expr<'_>]| -> f64 { if x[0] < 1.0 { 1.0 } else { 2.0 } };
    let at = check_gradient(|x| x[0] * f(x), &[1.0]);
    assert!(!at.passes(), "nothing was compared");
    let verdict = &at.components()[0].verdict;
    assert!(matches!(verdict, Verdict::Branch(Error::GuardFlipped { .. })), "{at}");
    assert!(at.to_string().contains("none of 1 components could be compared"), "{at}");
    let near = check_gradient(|x| x[0] * f(x), &[1.0 + 1e-9]);
    assert_eq!(near.components()[0].verdict, Verdict::Agrees, "{near}");
}

#[test]
fn the_end_of_a_domain_is_reported() {
    let check = check_gradient(|x| x[0].sqrt() + x[1].asin(), &[0.0, 1.0]);
    assert!(check.components().iter().all(|c| c.verdict == Verdict::NotFinite), "{check}");
    let nan = check_gradient(|x| (x[0] - 2.0).ln(), &[1.0]);
    assert_eq!(nan.components()[0].verdict, Verdict::NotFinite);
}

#[test]
fn a_check_that_could_compare_nothing_does_not_pass() {
    let nothing: [(&str, GradientCheck); 7] = [
        ("no leaves", check_gradient(|_| Expr::from(1.0), &[])),
        ("kinks", check_gradient(|x| x[0].abs() + x[1].relu(), &[0.0, 0.0])),
        ("ends of domains", check_gradient(|x| x[0].sqrt() + x[1].asin(), &[0.0, 1.0])),
        ("a value that is NaN", check_gradient(|x| x[0].ln() + x[1], &[-1.0, 1.0])),
        ("a leaf that is NaN", check_gradient(|x| x[0].sin(), &[f64::NAN])),
        ("an infinite leaf", check_gradient(|x| x[0].atan(), &[f64::INFINITY])),
        ("an infinite value", check_gradient(|x| x[0].exp(), &[1000.0])),
    ];
    for (what, check) in nothing {
        assert!(!check.passes(), "{what}: {check}");
        assert_eq!((check.compared(), check.worst()), (0, None), "{what}: {check}");
        assert!(check.to_string().contains("nothing was checked"), "{what}: {check}");
    }
    let mut g = Graph::new();
    let x = g.leaf(1.0);
    let l = g.sin(x);
    assert!(!g.check_gradient(l, &[]).unwrap().passes());
    assert!(g.check_gradient(l, &[x]).unwrap().passes());
    // For a constant, the gradient 0 and the differences 0 are compared.
    let constant = check_gradient(|_| Expr::from(3.0), &[1.0]);
    assert!(constant.passes() && constant.compared() == 1, "{constant}");
    // One that agrees is enough, whatever the others are.
    let one = check_gradient(|x| x[0].abs() + x[1].exp(), &[0.0, 1.0]);
    assert!(one.passes() && one.compared() == 1, "{one}");
}

#[test]
fn a_wrong_gradient_that_rounding_hides_does_not_pass() {
    for (factor, plus) in [(1.0, 1e20), (1.0, 1e16), (1e-30, 1.0), (1e-17, 1.0), (1.0, 1e300)] {
        let check = check_gradient(|x| x[0].detach() * x[0] * factor + plus, &[3.0]);
        assert_eq!(check.components()[0].verdict, Verdict::Hidden, "{factor:e}, {plus:e}: {check}");
        assert!(!check.passes() && check.compared() == 0, "{factor:e}, {plus:e}: {check}");
        assert!(check.to_string().contains("rounding of the output hides"), "{check}");
    }
    // Half of its size is still a difference, if larger steps show it.
    for plus in [1e9, 1e10, 3e10, 1e11, 1e12] {
        let check = check_gradient(|x| x[0].detach() * x[0] + plus, &[3.0]);
        assert_eq!(check.components()[0].verdict, Verdict::Differs, "{plus:e}: {check}");
    }
    for factor in [1e-9, 1e-10, 1e-11] {
        let check = check_gradient(|x| x[0].detach() * x[0] * factor + 1.0, &[3.0]);
        assert_eq!(check.components()[0].verdict, Verdict::Differs, "{factor:e}: {check}");
    }
}

#[test]
fn a_right_gradient_beside_a_large_constant_agrees_while_its_changes_show() {
    for plus in [1e9, 1e10, 1e11, 1e12] {
        let check = check_gradient(|x| x[0] * x[0] + plus, &[3.0]);
        assert_eq!(check.components()[0].verdict, Verdict::Agrees, "{plus:e}: {check}");
    }
    let lost = check_gradient(|x| x[0] * x[0] + 1e20, &[3.0]);
    assert!(!lost.passes() && lost.components()[0].verdict == Verdict::Hidden, "{lost}");
    // A derivative of 0 where nothing changes is compared.
    assert!(check_gradient(|x| x[0] * 0.0 + 1e20, &[3.0]).passes());
    // At a minimum, the derivative is lost beside the curvature, but its neighbors are not.
    for x in [0.0, 1e-9] {
        let minimum = check_gradient(|x| x[0].cosh(), &[x]);
        assert!(minimum.passes(), "{minimum}");
    }
}

#[test]
fn a_gradient_that_is_not_finite_where_differences_are_differs() {
    // The sum is finite throughout, but its parts are infinities of both signs on the way back.
    let mut g = Graph::new();
    let x = g.leaf(0.0);
    let (up, down) = (g.cbrt(x), g.neg(g.cbrt(x)));
    let l = g.add(up, g.add(down, g.exp(x)));
    let check = g.check_gradient(l, &[x]).unwrap();
    assert!(check.components()[0].analytic.is_nan());
    assert!(!check.passes() && check.worst().unwrap().relative_error.is_nan(), "{check}");
}

#[test]
fn an_infinite_gradient_agrees_only_where_the_differences_grow_without_bound() {
    for check in [
        check_gradient(|x| x[0].cbrt(), &[0.0]),
        check_gradient(|x| -x[0].cbrt(), &[0.0]),
        check_gradient(|x| (x[0] - 2.0).cbrt(), &[2.0]),
    ] {
        assert!(check.components()[0].analytic.is_infinite());
        assert_eq!(check.components()[0].verdict, Verdict::Agrees, "{check}");
        assert_eq!(check.components()[0].relative_error, 0.0, "{check}");
    }
    // Partials that overflow on the way: the derivatives are 1e200, -1e200 and 1.
    let wrong: [fn(Expr<'_>) -> Expr<'_>; 3] =
        [|x| x * 1e-200 * 1e200 * 1e200, |x| x * -1e-200 * 1e200 * 1e200, |x| x * 1e-200 * 1e-200 * 1e200 * 1e200];
    for (k, f) in wrong.into_iter().enumerate() {
        for at in [1.0, 1e-50, 0.0] {
            let check = check_gradient(|x| f(x[0]), &[at]);
            let component = &check.components()[0];
            assert!(component.analytic.is_infinite());
            assert_eq!(component.verdict, Verdict::Differs, "{k}: {check}");
            assert_eq!(component.relative_error, f64::INFINITY, "{k}: {check}");
            assert!(!check.passes(), "{k}: {check}");
        }
    }
    // The sign is wrong.
    let mut g = Graph::new();
    let x = g.leaf(0.0);
    let root = g.cbrt(x);
    let l = g.sub(root, g.mul_c(g.detach(root), 2.0));
    assert!(!g.check_gradient(l, &[x]).unwrap().passes());
}

#[test]
fn a_leaf_may_be_tiny() {
    for check in [check_gradient(|x| x[0].sqrt(), &[1e-300]), check_gradient(|x| x[0].ln(), &[1e-30])] {
        assert!(check.passes() && check.unsure().count() == 0, "{check}");
    }
    // Beside the logarithm, about -69, the changes of the root do not show.
    let both = check_gradient(|x| x[0].sqrt() + x[1].ln(), &[1e-300, 1e-30]);
    let verdicts: Vec<&Verdict> = both.components().iter().map(|c| &c.verdict).collect();
    assert_eq!(verdicts, [&Verdict::Hidden, &Verdict::Agrees], "{both}");
}

#[test]
fn leaves_and_gradients_are_as_before() {
    let mut g = Graph::new();
    let x = g.leaves(&[0.5, 2.0]);
    let l = g.mul(g.sin(x[0]), x[1]);
    let value = g.value(l);
    let check = g.check_gradient(l, &[x[1], x[0], x[1]]).unwrap();
    assert!(check.passes() && check.components().len() == 3);
    assert_eq!((g.value(x[0]), g.value(x[1]), g.value(l)), (0.5, 2.0, value));
    assert_eq!(g.grad(x[1]), 0.5f64.sin());
}

#[test]
fn wrong_keys_are_refused() {
    let mut g = Graph::new();
    let x = g.leaf(0.5);
    let l = g.sin(x);
    let foreign: NodeId = Graph::new().leaf(1.0);
    assert_eq!(g.check_gradient(foreign, &[x]), Err(Error::NotInGraph { node: foreign }));
    assert_eq!(g.check_gradient(l, &[foreign]), Err(Error::NotInGraph { node: foreign }));
    g.set(x, 1.0);
    assert_eq!(g.check_gradient(l, &[x]), Err(Error::StaleValue { node: l, label: None }));
}

/// `n = sin(x)`, `l = n^2 x + exp(n)`: the nodes `x`, `n` and `l`.
fn computed(g: &Graph) -> [NodeId; 3] {
    let x = g.var(0.7);
    let n = x.sin().named("n");
    [x.id(), n.id(), (n * n * x + n.exp()).id()]
}

#[test]
fn gradients_with_respect_to_computed_nodes_are_checked() {
    let mut g = Graph::new();
    let [x, n, l] = computed(&g);
    let (late, c) = (g.exp(l), g.constant(4.0));
    let before = g.len();
    let check = g.check_gradient(l, &[n, x, n, l, late, c]).unwrap();
    assert!(check.passes() && check.compared() == 6, "{check}");
    assert_eq!(check.components()[0].label.as_deref(), Some("n"));
    assert_eq!(check.components()[1].node, x);
    let numeric: Vec<f64> = check.components().iter().map(|c| c.numeric).collect();
    let sine = 0.7_f64.sin();
    let by_n = 2.0 * sine * 0.7 + sine.exp();
    let want = [by_n, sine * sine + by_n * 0.7_f64.cos(), by_n, 1.0, 0.0, 0.0];
    for (numeric, want) in numeric.iter().zip(want) {
        assert!((numeric - want).abs() < 1e-8, "{check}");
    }
    assert_eq!((g.len(), g.value(x), g.is_stale()), (before, 0.7, false));
    assert_eq!(g.grad(n), check.components()[0].analytic);
}

#[test]
fn a_wrong_gradient_with_respect_to_a_computed_node_is_found() {
    let mut g = Graph::new();
    let [x, n, _] = computed(&g);
    let l = g.add(g.mul(n, x), g.detach(g.exp(n)));
    let check = g.check_gradient(l, &[x, n]).unwrap();
    assert!(!check.passes());
    let worst = check.components().iter().find(|c| c.node == n).unwrap();
    assert_eq!((worst.verdict.clone(), worst.analytic), (Verdict::Differs, 0.7));
    assert!((worst.numeric - 0.7 - 0.7_f64.sin().exp()).abs() < 1e-8, "{check}");
}

#[test]
fn computed_nodes_of_any_scale_and_at_zero_are_checked() {
    for scale in [1e-20, 1e-8, 1.0, 1e12] {
        let mut g = Graph::new();
        let x = g.leaf(scale);
        let n = g.mul_c(x, 3.0);
        let l = g.add(g.mul(n, n), g.mul(n, x));
        let check = g.check_gradient(l, &[n, x]).unwrap();
        assert!(check.passes() && check.compared() == 2, "{scale}: {check}");
    }
    let mut g = Graph::new();
    let n = g.neg(g.leaf(0.0));
    let (kink, smooth) = (g.abs(n), g.exp(n));
    assert_eq!(g.check_gradient(kink, &[n]).unwrap().components()[0].verdict, Verdict::Kink);
    assert!(g.check_gradient(smooth, &[n]).unwrap().passes());
}

#[test]
fn a_comparison_of_a_computed_node_is_named_as_it_was_recorded() {
    let mut g = Graph::new();
    let (n, l) = {
        let x = g.var(1.0);
        let n = (x * 1.0).named("n");
        let l = if n == 1.0 { n * 2.0 } else { n };
        (n.id(), l.id())
    };
    let check = g.check_gradient(l, &[n]).unwrap();
    let Verdict::Branch(error @ Error::GuardFlipped { left, .. }) = &check.components()[0].verdict else {
        panic!("{check}");
    };
    assert_eq!(*left, n);
    assert!(error.to_string().contains("\"n\""), "{error}");
    assert!(!check.passes());
}

#[test]
fn a_check_with_respect_to_computed_nodes_refuses_what_the_gradient_refuses() {
    let mut g = Graph::new();
    let [x, n, l] = computed(&g);
    let foreign = Graph::new().leaf(1.0);
    assert_eq!(g.check_gradient(l, &[n, foreign]), Err(Error::NotInGraph { node: foreign }));
    assert_eq!(g.check_gradient(foreign, &[n]), Err(Error::NotInGraph { node: foreign }));
    g.set(x, 2.0);
    assert_eq!(g.check_gradient(l, &[n]), Err(Error::StaleValue { node: l, label: None }));
}

#[test]
fn a_comparison_with_a_later_node_is_checked_too() {
    let mut g = Graph::new();
    let (n, l) = {
        let x = g.var(1.0);
        let [n, later] = [x * 1.0, x * 2.0 - 1.0];
        (n.id(), if n == later { n } else { later }.id())
    };
    let check = g.check_gradient(l, &[n]).unwrap();
    assert!(matches!(check.components()[0].verdict, Verdict::Branch(_)), "{check}");
}

#[test]
fn a_pullback_that_is_not_the_vjp_is_found() {
    for (factor, right) in [(1.0, true), (1.5, false), (f64::NAN, false)] {
        let mut g = Graph::new();
        let x = g.leaves(&[2.0, 3.0]);
        let y = g.external_nodes(Arc::new(Product { factor }), &x)[0];
        let l = g.sin(y);
        let nodes = g.len();
        let check = g.check_gradient(l, &x).unwrap();
        assert_eq!(
            (check.passes(), check.wrong_pullbacks().is_empty(), check.compared()),
            (right, right, 2),
            "{check}"
        );
        assert_eq!(g.len(), nodes, "nothing is recorded in the graph itself");
        if factor == 1.5 {
            let text = "wrong pullback: the function \"product\": in the call at n2, pullback sends 3 to input 1, but vjp sends 2 for the adjoints 1, sqrt 2, sqrt 3, ... of the outputs: mend the one that is wrong";
            assert!(check.to_string().contains(text), "{check}");
        }
    }
}

#[test]
fn pullbacks_of_calls_that_the_gradient_does_not_go_through_are_not_compared() {
    let wrong: Arc<dyn External> = Arc::new(Product { factor: 1.5 });
    let mut g = Graph::new();
    let x = g.leaves(&[2.0, 3.0]);
    let aside = g.external_nodes(Arc::clone(&wrong), &x)[0];
    let held = g.detach(aside);
    let l = g.mul(g.sin(x[0]), held);
    assert!(g.check_gradient(l, &x[..1]).unwrap().wrong_pullbacks().is_empty());
    let through = g.mul(l, aside);
    assert_eq!(g.check_gradient(through, &x).unwrap().wrong_pullbacks().len(), 1);
}

#[test]
fn a_wrong_partial_beside_a_far_larger_one_is_found() {
    let mut g = Graph::new();
    let x = g.leaves(&[1e-3, 1e3]);
    let l = g.external_nodes(Arc::new(Product { factor: 1.5 }), &x)[0];
    assert_eq!(g.check_gradient(l, &x).unwrap().wrong_pullbacks().len(), 1);
}
