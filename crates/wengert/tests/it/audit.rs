//! The audit finds what a derivative does not see, and nothing on paths that cannot matter.

use proptest::prelude::*;

use crate::common::dag::recipes;
use crate::laws::tame;
use wengert::{Audit, Concern, Error, Expr, Graph, NodeId};

/// What was found: the concern, the position and the distance.
fn found(audit: &Audit) -> Vec<(Concern, usize, f64)> {
    audit.findings.iter().map(|f| (f.concern, f.site.node.index(), f.distance)).collect()
}

fn audited(build: impl FnOnce(&Graph) -> NodeId) -> Vec<(Concern, usize, f64)> {
    let g = Graph::new();
    let l = build(&g);
    found(&g.audit(l))
}

#[test]
fn zero_times_infinity_is_found_where_it_matters() {
    // The derivative of sqrt(x)^2 at 0 is 1. The sweep says 0.
    let square = |g: &Graph| {
        let root = g.sqrt(g.leaf(0.0));
        g.mul(root, root)
    };
    assert_eq!(audited(square), [(Concern::ZeroTimesInfinity, 1, 0.0)]);
    // Of x ln(x) at 0, which is -inf, too.
    let entropy = |g: &Graph| {
        let x = g.leaf(0.0);
        g.mul(x, g.ln(x))
    };
    assert!(audited(entropy).iter().any(|f| f.0 == Concern::ZeroTimesInfinity));
}

#[test]
fn a_branch_that_is_not_taken_is_not_looked_at() {
    let select = |g: &Graph| {
        let x = g.leaf(0.0);
        let positive = g.greater(x, g.constant(0.0));
        g.select(positive, g.sqrt(x), x)
    };
    // How far the comparison is from the other branch is told.
    assert_eq!(audited(select), [(Concern::Jump, 2, 0.0)]);
    let smaller = |g: &Graph| {
        let x = g.leaf(0.0);
        g.max(g.sqrt(x), g.constant(2.0))
    };
    assert_eq!(audited(smaller), [(Concern::Kink, 3, 2.0)]);
    let masked = |g: &Graph| {
        let x = g.leaf(0.0);
        g.mul(g.ln(x), g.constant(0.0))
    };
    assert_eq!(audited(masked), []);
    let masked_by_a_comparison = |g: &Graph| {
        let x = g.leaf(0.0);
        let mask = g.greater(x, g.constant(0.5));
        g.mul(mask, g.sqrt(x))
    };
    assert_eq!(audited(masked_by_a_comparison), [(Concern::Jump, 2, 0.5)]);
    let flat = |g: &Graph| {
        let x = g.leaf(0.0);
        g.relu(g.sub(g.sqrt(x), g.constant(3.0)))
    };
    assert_eq!(audited(flat), [(Concern::Kink, 4, 3.0)]);
}

#[test]
fn kinks_and_jumps_say_how_near_they_are() {
    let g = Graph::new();
    let [x, y] = [g.leaf(2.25), g.leaf(-0.5)];
    let near = |node: NodeId| found(&g.audit(node)).first().map(|f| (f.0, f.2));
    assert_eq!(near(g.relu(x)), Some((Concern::Kink, 2.25)));
    assert_eq!(near(g.abs(y)), Some((Concern::Kink, 0.5)));
    assert_eq!(near(g.max(x, y)), Some((Concern::Kink, 2.75)));
    assert_eq!(near(g.max_of(&[x, y, g.constant(2.0)])), Some((Concern::Kink, 0.25)));
    assert_eq!(near(g.hypot(x, g.constant(3.0))), Some((Concern::Kink, 3.75)));
    assert_eq!(near(g.step(y)), Some((Concern::Jump, 0.5)));
    assert_eq!(near(g.floor(x)), Some((Concern::Jump, 0.25)));
    assert_eq!(near(g.round(x)), Some((Concern::Jump, 0.25)));
    assert_eq!(near(g.trunc(y)), Some((Concern::Jump, 0.5)));
    assert_eq!(near(g.copysign(x, y)), Some((Concern::Jump, 0.5)));
    assert_eq!(near(g.atan2(x, y)), Some((Concern::Jump, 2.25)));
    assert_eq!(near(g.atan2(y, x)), None);
    assert_eq!(near(g.rem(x, g.constant(1.0))), Some((Concern::Jump, 0.25)));
    assert_eq!(near(g.less(x, y)), Some((Concern::Jump, 2.75)));
    assert_eq!(near(g.floor(g.constant(0.25))), None);
}

/// A barrier option: the payoff counts only where no price was above the barrier.
#[test]
fn the_barrier_of_an_option_is_a_jump() {
    let g = Graph::new();
    let spot = g.leaf(100.0);
    let alive = g.less(spot, g.constant(105.0));
    let price = g.mul(alive, g.relu(g.sub(spot, g.constant(95.0))));
    g.label(alive, "alive");
    let audit = g.audit(price);
    assert_eq!(found(&audit), [(Concern::Jump, 2, 5.0), (Concern::Kink, 5, 5.0)]);
    let text = audit.to_string();
    assert!(text.starts_with("derivatives see nothing of a jump: n2 \"alive\" = n0 < n1, 5 away\n"), "{text}");
    assert!(text.ends_with("what depends on them is not listed"), "{text}");
}

#[test]
fn a_comparison_of_equal_values_is_found() {
    let g = Graph::new();
    let [x, y] = [g.var(0.0), g.var(1.0)];
    // As a rotation by the length of a vector does where the vector is 0.
    let l = if x * x == 0.0 { y } else { y * x };
    let below = if x < y { l } else { y };
    assert_eq!(found(&g.audit(below.id())), []);
    let l = (below * 2.0).id();
    assert_eq!(found(&g.audit(l)), [(Concern::EqualComparison, 2, 0.0)]);
    assert!(g.audit(l).to_string().starts_with("a comparison of equal values chose the branch: n2 = n0 * n0\n"));
}

#[test]
fn a_detached_value_is_found_unless_it_is_constant() {
    let g = Graph::new();
    let x = g.leaf(3.0);
    let l = g.mul(x, g.detach(x));
    assert_eq!(found(&g.audit(l)), [(Concern::Detached, 1, 0.0)]);
    assert_eq!(found(&g.audit(g.mul(x, g.detach(g.constant(2.0))))), []);
}

#[test]
fn infinities_of_both_signs_are_found_in_values_and_in_adjoints() {
    let difference = |g: &Graph| {
        let x = g.leaf(800.0);
        g.sub(g.exp(x), g.exp(x))
    };
    let at = |position| (Concern::InfinityMinusInfinity, position, 0.0);
    // Of the values at the difference, of the adjoints at the leaf.
    assert_eq!(audited(difference), [at(0), at(3)]);
    // The standard deviation of equal numbers.
    let deviation = |g: &Graph| {
        let xs = g.leaves(&[3.0, 3.0]);
        let mean = g.mean(&xs);
        let squares = g.mean(&[g.mul(xs[0], xs[0]), g.mul(xs[1], xs[1])]);
        g.sqrt(g.sub(squares, g.mul(mean, mean)))
    };
    let concerns = audited(deviation);
    assert!(concerns.contains(&at(0)), "{concerns:?}");
}

#[test]
fn infinities_are_traced_to_the_nodes_that_made_them() {
    let g = Graph::new();
    let x = g.leaf(800.0);
    let (one, other) = (g.exp(x), g.exp(g.mul_c(x, 2.0)));
    let l = g.sub(g.add_c(one, 1.0), g.mul_c(other, 3.0));
    let made = |audit: &Audit, concern: Concern| -> Vec<Vec<NodeId>> {
        let of = audit.findings.iter().filter(|finding| finding.concern == concern);
        of.map(|finding| finding.origins.iter().map(|origin| origin.node).collect()).collect()
    };
    let audit = g.audit(l);
    assert!(made(&audit, Concern::InfinityMinusInfinity).contains(&vec![one, other]), "{audit}");
    let text = format!("; infinite first at {one} = exp(n0) and at {other} = exp(n2)");
    assert!(audit.to_string().contains(&text), "{audit}");
    // Adjoints: cbrt at 0 makes them.
    let zero = g.leaf(0.0);
    let [up, down] = [g.cbrt(zero), g.cbrt(zero)];
    let audit = g.audit(g.sub(up, down));
    assert_eq!(made(&audit, Concern::InfinityMinusInfinity), [[down, up]]);
    // An infinite adjoint that meets a value of 0 later, and a site that made the infinity itself.
    let root = g.sqrt(g.mul(zero, zero));
    assert_eq!(made(&g.audit(root), Concern::ZeroTimesInfinity), [[root]]);
    let square = g.mul(up, up);
    assert_eq!(made(&g.audit(square), Concern::ZeroTimesInfinity), [[]]);
    // A NaN is not an infinity, and has no such origin.
    let [minus, c, w] = [g.leaf(-1.0), g.leaf(2.0), g.leaf(0.0)];
    let audit = g.audit(g.mul(g.mul(g.sqrt(minus), c), w));
    assert!(made(&audit, Concern::ZeroTimesInfinity).iter().all(Vec::is_empty), "{audit}");
}

#[test]
fn a_smooth_formula_has_nothing_to_look_at() {
    let g = Graph::new();
    let [x, y] = [g.var(0.5), g.var(2.0)];
    let l = ((x * y).sin() + y.ln()) / x.exp();
    assert!(g.audit(l.id()).findings.is_empty());
    assert!(g.audit(l.id()).to_string().starts_with("nothing found on the paths to n"));
}

#[test]
fn a_long_report_shows_the_nearest_and_counts_the_rest() {
    let g = Graph::new();
    let xs = g.leaves(&(1..=20).map(f64::from).collect::<Vec<_>>());
    let relus: Vec<NodeId> = xs.iter().map(|&x| g.relu(x)).collect();
    let audit = g.audit(g.sum(&relus));
    assert_eq!(audit.findings.len(), 20);
    assert!(audit.findings.is_sorted_by(|a, b| a.distance <= b.distance));
    assert!(audit.to_string().contains("  and 12 more of this kind\n"));
}

#[test]
fn a_wrong_or_stale_output_is_refused() {
    let mut g = Graph::new();
    let x = g.leaf(1.0);
    let l = g.exp(x);
    assert!(matches!(g.try_audit(NodeId::default()), Err(Error::NotInGraph { .. })));
    g.set(x, 2.0);
    assert!(matches!(g.try_audit(l), Err(Error::StaleValue { .. })));
    assert!(matches!(g.try_backward_strict(l), Err(Error::StaleValue { .. })));
}

proptest! {
    /// Where nothing is 0 times infinity, the strict sweep gives what the other gives.
    #[test]
    fn a_strict_sweep_differs_only_by_a_nan(recipe in recipes(20, tame)) {
        let g = Graph::new();
        let nodes = recipe.record(&g);
        let l = *nodes.last().expect("a recipe has leaves");
        g.backward(l);
        let usual: Vec<f64> = nodes.iter().map(|&node| g.grad(node)).collect();
        g.backward_strict(l);
        for (&node, usual) in nodes.iter().zip(usual) {
            let strict = g.grad(node);
            prop_assert!(strict == usual || strict.is_nan(), "{node}: {strict} and {usual}");
        }
    }
}

/// What the report says of a formula of one leaf, without its last line, which is the same for all.
fn report(at: f64, formula: impl for<'g> Fn(Expr<'g>) -> Expr<'g>) -> String {
    let g = Graph::new();
    let text = g.audit(formula(g.var(at).named("x")).id()).to_string();
    let rest = text.strip_suffix("values read by `.value()` leave no trace, so what depends on them is not listed");
    rest.unwrap_or_else(|| panic!("{text}")).to_owned()
}

#[test]
fn ten_cases_are_reported_in_these_words() {
    let cases: [(String, &str); 10] = [
        (report(0.25, |x| x.relu()), "second derivatives see nothing of a kink: n1 = relu(n0), 0.25 away\n"),
        (report(104.5, |x| x.less(105.0) * (x - 95.0)), "derivatives see nothing of a jump: n2 = n0 < n1, 0.5 away\n"),
        (
            report(-1.0, |x| x.greater(0.0).select(x.ln(), 0.0)),
            "derivatives see nothing of a jump: n2 = n0 > n1, 1 away\n",
        ),
        (report(2.75, |x| x.floor() + x), "derivatives see nothing of a jump: n1 = floor(n0), 0.25 away\n"),
        (report(1.0, |x| x.max(x * x)), "second derivatives see nothing of a kink: n2 = max(n0, n1), 0 away\n"),
        // As a rotation by the length of a vector, which is 0 here.
        (
            report(0.0, |x| if x * x == 0.0 { x * 0.0 + 1.0 } else { x.sqrt() }),
            "a comparison of equal values chose the branch: n1 = n0 * n0\n",
        ),
        (report(3.0, |x| x * x.detach()), "no derivative passes: n1 = detach(n0)\n"),
        (
            report(800.0, |x| x.exp() - x.exp()),
            "infinities of both signs were added: n0 \"x\"; infinite first at n2 = exp(n0) and at n1 = exp(n0)\n\
             infinities of both signs were added: n3 = n1 - n2; infinite first at n1 = exp(n0) and at n2 = exp(n0)\n",
        ),
        (
            report(0.0, |x| x.sqrt() * x.sqrt()),
            "0 times infinity was taken as 0: n1 = sqrt(n0)\n0 times infinity was taken as 0: n2 = sqrt(n0)\n",
        ),
        (report(-1.0, |x| if x.value() < 0.0 { -x } else { x }), "nothing found on the paths to n1\n"),
    ];
    for (k, (said, expected)) in cases.iter().enumerate() {
        assert_eq!(said, expected, "case {k}");
    }
}
