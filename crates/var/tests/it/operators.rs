//! Operators and methods of `Var` take numbers, references and constants, as those of `Expr` do.

use wengert::{Graph, Op};
use wengert_var::{Var, record};

#[test]
#[allow(clippy::op_ref, reason = "references are what is tested")]
fn operators_and_methods_take_numbers_and_references() {
    let mut g = Graph::new();
    let (x, nodes) = record(&mut g, || {
        let (x, y) = (Var::leaf(2.0), Var::leaf(-3.5));
        let pairs = [
            (&x + &y, x + y),
            (&x - y, x - y),
            (x * &y, x * y),
            (&x / 2.0, x / 2.0),
            (2.0 % &x, 2.0 % x),
            (-&x, -x),
            (x.max(3.0), x.max(Var::from(3.0))),
            (x.hypot(1.5), x.hypot(Var::from(1.5))),
            (x.clamp(0.0, 1.0), x.clamp(Var::from(0.0), Var::from(1.0))),
            ([x, y].iter().sum(), [x, y].into_iter().sum()),
            ([x, y].iter().product(), [x, y].into_iter().product()),
        ];
        let mut sum = x;
        sum += &y;
        assert_eq!(sum.value(), -1.5);
        (x.id(), pairs.map(|(a, b)| [a.id(), b.id()]))
    });
    for [a, b] in nodes {
        assert_eq!((g.node(a).op, g.value(a)), (g.node(b).op, g.value(b)));
        assert_eq!(g.gradient(a, &[x]), g.gradient(b, &[x]));
    }
}

#[test]
fn a_constant_beside_a_number_is_kept_with_the_op() {
    let mut g = Graph::new();
    let difference = record(&mut g, || (Var::from(1.0) - Var::leaf(3.0)).id());
    assert_eq!((g.node(difference).op, g.len()), (Op::CSub, 2));
}
