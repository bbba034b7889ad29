//! The numbers of micrograd's lecture, README and tests, bit for bit.

use wengert::{Expr, Graph};

#[test]
fn the_lecture() {
    let g = Graph::new();
    let [a, b, c, f] = [2.0, -3.0, 10.0, -2.0].map(|v| g.var(v));
    let e = a * b;
    let d = e + c;
    let l = d * f;
    l.backward();
    assert_eq!(l.value(), -8.0);
    assert_eq!([a, b, c, d, e, f, l].map(Expr::grad), [6.0, -4.0, -2.0, -2.0, -2.0, 4.0, 1.0]);
    l.backward();
    assert_eq!(
        [a, b, c, d, e, f, l].map(Expr::grad),
        [6.0, -4.0, -2.0, -2.0, -2.0, 4.0, 1.0],
        "a second sweep overwrites"
    );
}

#[test]
fn the_lecture_by_key() {
    let g = Graph::new();
    let [a, b, c, f] = [2.0, -3.0, 10.0, -2.0].map(|v| g.leaf(v));
    let l = g.mul(g.add(g.mul(a, b), c), f);
    g.backward(l);
    assert_eq!(g.value(l), -8.0);
    assert_eq!([a, b, c, f].map(|n| g.grad(n)), [6.0, -4.0, -2.0, 4.0]);
}

#[test]
#[allow(clippy::misrefactored_assign_op, reason = "written as micrograd's README has it")]
fn the_readme_of_micrograd() {
    let graph = Graph::new();
    let a = graph.var(-4.0);
    let b = graph.var(2.0);
    let mut c = a + b;
    let mut d = a * b + b.powi(3);
    c += c + 1.0;
    c += 1.0 + c + (-a);
    d += d * 2.0 + (b + a).relu();
    d += 3.0 * d + (b - a).relu();
    let e = c - d;
    let f = e.powi(2);
    let mut g = f / 2.0;
    g += 10.0 / f;
    g.backward();
    assert_eq!(g.value(), 24.70408163265306);
    assert_eq!(a.grad(), 138.83381924198252);
    assert_eq!(b.grad(), 645.5772594752186);
}

#[test]
fn the_sanity_check_of_micrograd() {
    let g = Graph::new();
    let x = g.var(-4.0);
    let z = 2.0 * x + 2.0 + x;
    let q = z.relu() + z * x;
    let h = (z * z).relu();
    let y = h + q + q * x;
    y.backward();
    assert_eq!([x, z, q, h, y].map(Expr::value), [-4.0, -10.0, 40.0, 100.0, -20.0]);
    assert_eq!([x, z, q, h, y].map(Expr::grad), [46.0, -8.0, -3.0, 1.0, 1.0]);
}

#[test]
fn an_operand_used_twice_receives_both_shares() {
    let g = Graph::new();
    let a = g.var(3.0);
    let b = a + a;
    b.backward();
    assert_eq!(a.grad(), 2.0);
    let square = a * a;
    square.backward();
    assert_eq!(a.grad(), 6.0);
}
