//! Guards: every comparison made while recording is remembered. `forward` at values that change its result is an error
//! that names the comparison. `comparisons.rs` goes through all questions.

use num_traits::{Float, ToPrimitive, Zero};
use wengert::{Error, Expr, Graph, NodeId, Relation};

#[test]
fn the_guard_names_the_nodes_that_were_compared() {
    let mut g = Graph::new();
    let (x, y) = (g.leaf(1.0), g.leaf(2.0));
    let s = g.add(x, y);
    assert!(g.expr(s) > g.expr(y));
    g.set(x, -1.0);
    let flipped = Error::GuardFlipped {
        left: y,
        relation: Relation::Less,
        right: s,
        names: ["n1".into(), "n2".into()],
        recorded: true,
    };
    assert_eq!(g.forward(), Err(flipped.clone()));
    assert_eq!(
        flipped.to_string(),
        "the comparison n1 < n2 was true when it was recorded and is false at the new values: record the expression again at these values"
    );
}

#[test]
fn the_first_flipped_guard_is_the_one_that_is_named() {
    let mut g = Graph::new();
    let x = g.leaf(1.0);
    let e = g.expr(x);
    assert!(e > 0.0 && e < 10.0 && e != 5.0);
    let relations: Vec<Relation> = g.guards().iter().map(|guard| guard.relation).collect();
    assert_eq!(relations, [Relation::Less, Relation::Less, Relation::Equal]);
    g.set(x, 5.0);
    assert!(matches!(g.forward(), Err(Error::GuardFlipped { relation: Relation::Equal, recorded: false, .. })));
    g.set(x, 20.0);
    assert!(matches!(g.forward(), Err(Error::GuardFlipped { left, relation: Relation::Less, .. }) if left == x));
    g.set(x, -20.0);
    assert!(matches!(g.forward(), Err(Error::GuardFlipped { right, relation: Relation::Less, .. }) if right == x));
    g.set(x, 9.0);
    assert_eq!(g.forward(), Ok(()));
}

#[test]
fn values_that_branch_the_same_way_are_recomputed() {
    let mut g = Graph::new();
    let x = g.leaf(3.0);
    let e = g.expr(x);
    let l = if e > 1.0 { e.ln() } else { e * e }.id();
    for value in [2.0, 1.5, 1e300] {
        g.set(x, value);
        g.forward().unwrap();
        assert_eq!(g.value(l), g.value(g.ln(x)));
    }
    g.set(x, 1.0);
    assert!(matches!(g.forward(), Err(Error::GuardFlipped { .. })));
}

#[test]
fn comparisons_with_nan_are_guarded() {
    let mut g = Graph::new();
    let x = g.leaf(f64::NAN);
    let e = g.expr(x);
    let (less, more) = (e < 1.0, e >= 1.0);
    assert!(!less && !more && e != 1.0);
    g.forward().unwrap();
    g.set(x, 0.0);
    assert!(g.forward().is_err());
}

#[test]
fn a_conversion_to_a_whole_number_holds_for_values_with_the_same_whole_part() {
    let mut g = Graph::new();
    let x = g.leaf(2.25);
    let n = g.expr(x).to_usize().unwrap();
    assert_eq!(n, 2);
    g.set(x, 2.75);
    assert_eq!(g.forward(), Ok(()));
    g.set(x, 3.0);
    assert!(g.forward().is_err());
}

#[test]
fn comparisons_among_free_constants_leave_none() {
    let g = Graph::new();
    let (a, b) = (Expr::constant(1.0), Expr::constant(2.0));
    assert!(a < b && a <= b && a != b && a < 3.0 && Some(std::cmp::Ordering::Less) == a.partial_cmp(&b));
    assert!(!Float::is_nan(a) && Float::is_normal(a) && Float::is_sign_positive(b) && !a.is_zero());
    assert_eq!((b.to_f64(), b.to_i64()), (Some(2.0), Some(2)));
    assert!(g.guards().is_empty() && g.is_empty());
}

#[test]
fn ops_that_decide_at_every_point_leave_none() {
    let mut g = Graph::new();
    let (x, y) = (g.leaf(1.0), g.leaf(-2.0));
    let [a, b] = [x, y].map(|n| g.expr(n));
    let l = a.max(b) + a.min(b) + b.abs() + b.relu() + Expr::less(a, b).select(a, b) + a.clamp(b, 5.0) + b.sign();
    let l = (l + a.floor() + Float::signum(b) + b.step() + a.copysign(b)).id();
    assert!(g.guards().is_empty());
    g.set(x, -3.0);
    g.set(y, 4.0);
    g.forward().unwrap();
    let want = 4.0 - 3.0 + 4.0 + 4.0 - 3.0 + 4.0 + 1.0 - 3.0 + 1.0 + 1.0 + 3.0;
    assert_eq!(g.value(l), want);
}

#[test]
fn a_rewind_drops_the_guards_made_since() {
    let mut g = Graph::new();
    let x = g.leaf(1.0);
    let y = g.sin(x);
    assert!(g.expr(x) > 0.0);
    let kept = g.guards();
    let mark = g.mark();
    assert!(g.expr(x) < 2.0 && g.expr(y) < g.expr(x));
    assert_eq!(g.guards().len(), 3);
    g.rewind(mark);
    assert_eq!(g.guards(), kept);
    g.set(x, 3.0);
    assert_eq!(g.forward(), Ok(()), "what was dropped is not held to");
    g.set(x, -3.0);
    assert!(g.forward().is_err(), "what was kept is");
}

#[test]
fn a_rewind_drops_guards_that_came_without_a_node() {
    let mut g = Graph::new();
    let (x, y) = (g.leaf(1.0), g.leaf(2.0));
    let mark = g.mark();
    assert!(g.expr(x) < g.expr(y));
    assert_eq!((g.len(), g.guards().len()), (2, 1));
    g.rewind(mark);
    assert!(g.guards().is_empty());
    g.set(x, 3.0);
    assert_eq!(g.forward(), Ok(()));
}

#[test]
fn a_reset_drops_the_guards() {
    let mut g = Graph::new();
    assert!(g.var(1.0) > 0.0);
    g.reset();
    assert!(g.guards().is_empty());
    let x = g.leaf(-1.0);
    g.set(x, -2.0);
    assert_eq!(g.forward(), Ok(()));
}

/// Bisection: as many comparisons as steps.
fn root<'g>(f: impl Fn(Expr<'g>) -> Expr<'g>, mut low: Expr<'g>, mut high: Expr<'g>) -> Expr<'g> {
    for _ in 0..30 {
        let middle = (low + high) * 0.5;
        if f(middle) > 0.0 {
            high = middle;
        } else {
            low = middle;
        }
    }
    (low + high) * 0.5
}

#[test]
fn an_algorithm_that_branches_is_recomputed_along_its_path_only() {
    let mut g = Graph::new();
    let (low, high) = (g.leaf(0.0), g.leaf(2.0));
    let l = root(|x| x * x - 2.0, g.expr(low), g.expr(high)).id();
    assert!((g.value(l) - 2f64.sqrt()).abs() < 1e-9);
    assert_eq!(g.guards().len(), 30);
    g.set(high, 2.0000000001);
    assert_eq!(g.forward(), Ok(()));
    g.set(high, 3.0);
    let error = g.forward().unwrap_err();
    assert!(matches!(error, Error::GuardFlipped { .. }), "{error}");
    let known = |node: NodeId| g.try_node(node).is_ok();
    assert!(g.guards().iter().all(|guard| known(guard.left) && known(guard.right)));
}

#[test]
fn the_gradient_as_graph_keeps_the_guards() {
    let mut g = Graph::new();
    let x = g.leaf(3.0);
    let e = g.expr(x);
    let l = if e > 1.0 { e.ln() } else { e * e }.id();
    let slope = g.gradient_nodes(l, &[x])[0];
    assert_eq!(g.guards().len(), 1);
    g.set(x, 4.0);
    g.forward().unwrap();
    assert_eq!(g.value(slope), 0.25);
    g.set(x, 0.5);
    assert!(g.forward().is_err());
    assert!(g.try_value(slope).is_err());
}

#[test]
fn errors_name_the_labels_of_nodes() {
    let mut g = Graph::new();
    let (x, loss) = {
        let x = g.var(2.0).named("x");
        assert!(x < 3.0);
        (x.id(), (x * x).named("loss").id())
    };
    assert_eq!(
        g.try_set(loss, 1.0).unwrap_err().to_string(),
        format!("{loss} \"loss\" is not a leaf, its op is mul: pass the key of a leaf")
    );
    g.set(x, 4.0);
    let stale = g.try_value(loss).unwrap_err().to_string();
    assert!(stale.starts_with(&format!("the value of {loss} \"loss\" is stale")), "{stale}");
    let flipped = g.forward().unwrap_err().to_string();
    let said = "the comparison n0 \"x\" < 3 was true when it was recorded and is false at the new values";
    assert!(flipped.starts_with(said), "{flipped}");
}
