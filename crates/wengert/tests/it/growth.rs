//! Side pools that grow keep their contents, whatever is refused, dropped or differentiated in between.

use std::panic::{AssertUnwindSafe, catch_unwind};

use wengert::{Expr, Graph, Imm, NO_IMM, NodeId, Op, Scalar};

/// A number too long for an entry.
fn long(k: u64) -> f64 {
    0.1 + k as f64
}

#[test]
fn a_pair_of_immediates_meets_the_end_of_a_slice() {
    let mut g = Graph::new();
    let x = g.var(1.0);
    (0..40).for_each(|k| drop_expr(x + long(k)));
    g.reset();
    let x = g.var(2.0);
    (0..63).for_each(|k| drop_expr(x + long(k)));
    let y = x.powf(1.3);
    assert_eq!(y.value(), Scalar::powf(2.0f64, 1.3));
    assert_eq!(g.node(y.id()).imm, [1.3, 0.0]);
}

#[test]
fn a_refused_fold_moves_no_operand_of_the_next_op() {
    let mut g = Graph::new();
    let x = g.leaf(1.0);
    g.sum(&[x; 30]);
    g.reset();
    let [a, b, c] = [2.0, 3.0, 5.0].map(|v| g.leaf(v));
    let mut keys = vec![a; 100];
    keys.push(x);
    assert!(g.try_record(Op::Sum, NO_IMM, &keys).is_err());
    let l = g.mul_add(a, b, c);
    assert_eq!(g.value(l), 11.0);
    assert_eq!(g.node(l).operands[..], [a, b, c]);
}

#[test]
fn a_refused_gradient_keeps_operands_and_immediates() {
    let g = Graph::with_limit(6);
    let [x, y] = [1.0, 7.0].map(|v| g.leaf(v));
    g.sum(&[x; 50]);
    let sum = g.sum(&[y; 14]);
    let l = g.tanh(sum);
    assert!(g.try_gradient_nodes(l, &[y]).is_err());
    assert!(g.node(sum).operands.iter().all(|&operand| operand == y));

    let g = Graph::with_limit(70);
    let x = g.var(2.0);
    (0..61).for_each(|k| drop_expr(x * long(k)));
    let power = x.powf(1.3).id();
    let square = x.powf(1.4).id();
    let last = x * 0.7;
    let l = last.tanh().tanh().tanh();
    assert!(g.try_gradient_nodes(l.id(), &[x.id()]).is_err());
    let imms = [power, square, last.id()].map(|node| g.node(node).imm);
    assert_eq!(imms, [[1.3, 0.0], [1.4, 0.0], [0.7, 0.0]]);
}

#[test]
fn a_refused_operator_leaves_nothing() {
    let g = Graph::with_limit(3);
    let x = g.leaf(1.0);
    g.sin(x);
    let before = (g.len(), g.memory());
    let two_nodes: [fn(Expr<'_>) -> f64; 2] =
        [|x| x.max(Expr::constant(9.0)).value(), |x| [x, Expr::constant(9.0)].into_iter().sum::<Expr<'_>>().value()];
    for way in two_nodes {
        assert!(catch_unwind(AssertUnwindSafe(|| way(g.expr(x)))).is_err());
        assert_eq!((g.len(), g.memory()), before);
    }
    // A constant that is there already takes no node.
    let g = Graph::with_limit(3);
    let x = g.var(1.0);
    g.constant(9.0);
    assert_eq!(two_nodes[0](x), 9.0);
    assert_eq!(g.len(), 3);
}

fn drop_expr(_: Expr<'_>) {}

/// Pseudorandom numbers, the same ones every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

#[test]
fn side_pools_keep_their_contents_through_growth_refusals_and_resets() {
    let mut dice = Dice(12345);
    for round in 0..400 {
        let mut g = Graph::with_limit(300 + dice.below(700) as usize);
        for _ in 0..4 {
            let leaves = g.leaves(&[2.0, 3.0, 5.0]);
            let mark = g.mark();
            let mut kept: Vec<(NodeId, Imm, Vec<NodeId>)> = Vec::new();
            for _ in 0..dice.below(300) {
                let [x, y] = [0; 2].map(|_| leaves[dice.below(3) as usize]);
                let c = long(dice.below(1000));
                let (op, imm, operands) = match dice.below(8) {
                    0 => (Op::MulC, [c, 0.0], vec![x]),
                    1 => (Op::Powd, [c, 0.0], vec![x]),
                    2 => (Op::Zpow, [c, 1.0], vec![x, y]),
                    3 => (Op::MulAdd, NO_IMM, vec![x, y, x]),
                    4 => (Op::Mul, NO_IMM, vec![x, y]),
                    5 => {
                        let stranger = Graph::new().leaf(1.0);
                        let mut keys = vec![x; dice.below(200) as usize];
                        keys.push(stranger);
                        assert!(g.try_record(Op::Sum, NO_IMM, &keys).is_err());
                        continue;
                    }
                    6 => {
                        if let Some((node, ..)) = kept.last() {
                            // This may succeed or fail.
                            let _ = g.try_gradient_nodes(*node, &leaves);
                        }
                        continue;
                    }
                    _ => {
                        let operands = (0..dice.below(90)).map(|k| leaves[(k % 3) as usize]);
                        (Op::Sum, NO_IMM, operands.collect())
                    }
                };
                if let Ok(node) = g.try_record(op, imm, &operands) {
                    kept.push((node, imm, operands));
                }
            }
            for (node, imm, operands) in &kept {
                let node = g.node(*node);
                assert_eq!((node.imm, &node.operands[..]), (*imm, &operands[..]), "round {round}");
            }
            if dice.below(2) == 0 {
                g.rewind(mark);
                let sum = g.sum(&leaves);
                assert_eq!(g.node(sum).operands[..], leaves[..]);
            }
            g.reset();
        }
    }
}
