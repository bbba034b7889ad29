//! The fast reverse sweep against the plain one.

#[path = "../../tests/it/common/dag.rs"]
mod dag;

use dag::{LEAVES, recipes};
use proptest::prelude::*;

use crate::Graph;
use crate::sweep::plain;

const SPECIAL: [f64; 8] = [0.0, -0.0, 1.0, 5e-324, f64::MAX, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];

fn leaf() -> impl Strategy<Value = f64> {
    prop_oneof![3 => -2.0..2.0f64, 1 => prop::sample::select(SPECIAL.to_vec())]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_bits_are_those_of_the_plain_sweep(
        mut recipe in recipes(40, |_, _, _, _| true),
        leaves in prop::array::uniform4(leaf()),
        seeds in prop::array::uniform2(leaf()),
        above in 0usize..3,
    ) {
        let _: [f64; LEAVES] = leaves;
        recipe.leaves = leaves;
        let g = Graph::new();
        let nodes = recipe.record(&g);
        let (l, other) = (nodes[nodes.len() - 1 - above.min(nodes.len() - 1)], nodes[nodes.len() / 2]);
        g.backward_seeded(&[(l, seeds[0]), (other, seeds[1])]);
        let mut adjoint = vec![0.0; l.index().max(other.index()) + 1];
        plain::sweep(&g.tape, &[(l.position(), seeds[0]), (other.position(), seeds[1])], &mut adjoint).unwrap();
        for node in g.nodes().take(adjoint.len()).filter(|node| node.wants_gradient) {
            let (fast, plain) = (g.grad(node.id), adjoint[node.id.index()]);
            let same = fast.to_bits() == plain.to_bits() || fast.is_nan() && plain.is_nan();
            prop_assert!(same, "{} is {fast}, and {plain} by the plain sweep", node.id);
        }
    }
}

/// An n-ary op adds the parts of equal operands one by one, an op of two adds them up first.
#[test]
fn the_parts_of_an_operand_that_is_given_twice_are_added_in_the_same_order() {
    let g = Graph::new();
    let x = g.leaf(2.0);
    for l in [g.max_of(&[x, x]), g.max(x, x)] {
        let seeds = [(x, 0.2), (l, 0.7)];
        g.backward_seeded(&seeds);
        let mut adjoint = vec![0.0; l.index() + 1];
        plain::sweep(&g.tape, &seeds.map(|(node, seed)| (node.position(), seed)), &mut adjoint).unwrap();
        assert_eq!(g.grad(x), adjoint[0], "{}", g.node(l).op);
    }
}
