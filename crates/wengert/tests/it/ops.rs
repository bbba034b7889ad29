//! What is said about an op apart from its value: whether its operands can be exchanged, and what is certain of its
//! value when not all operands are known.

use wengert::{Arity, Certain, Imm, NO_IMM, Op, Scalar};

#[test]
fn only_symmetric_ops_give_the_same_bits_with_operands_exchanged() {
    let numbers =
        [0.0, -0.0, 1.0, -1.0, 0.3, 0.7, 2.5, -3.0, 40.0, 1e-310, 1e300, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
    for &op in Op::ALL.iter().filter(|op| op.arity() == Arity::Fixed(2)) {
        // Derived twice with respect to the first operand: some orders treat both operands alike.
        let imm = if op.immediates() > 0 { [2.0, 0.0] } else { NO_IMM };
        let same = |x: f64, y: f64| {
            let [one, other] = [[x, y], [y, x]].map(|args| f64::apply(op, imm, &args));
            one.to_bits() == other.to_bits() || (one.is_nan() && other.is_nan())
        };
        let symmetric = numbers.iter().all(|&x| numbers.iter().all(|&y| same(x, y)));
        assert_eq!(symmetric, op.is_symmetric(), "{op}");
    }
}

#[test]
fn a_certain_value_holds_for_every_operand() {
    let numbers = [0.0, -0.0, 1.0, -1.0, 2.5, 5e-324, f64::MAX, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
    let same = |a: f64, b: f64| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
    let powers = [0.0, 1.0, 2.0, 0.5, -1.0].into_iter().flat_map(|p| [0.0, 1.0, 2.0, 3.0].map(|k| [p, k]));
    let imms: Vec<Imm> = powers.chain([NO_IMM]).collect();
    let mut found = 0;
    for &op in Op::ALL {
        let Arity::Fixed(count @ 1..) = op.arity() else {
            continue;
        };
        for &imm in imms.iter().filter(|&&imm| op == Op::Powd || imm == NO_IMM) {
            for code in 0..numbers.len().pow(count as u32) {
                let args: Vec<f64> =
                    (0..count).map(|k| numbers[code / numbers.len().pow(k as u32) % numbers.len()]).collect();
                for known in 0..1 << count {
                    let number = |k: usize| (known >> k & 1 == 1).then(|| args[k]);
                    let value = f64::apply(op, imm, &args);
                    let right = match op.certain(imm, number) {
                        None => continue,
                        Some(Certain::Number(c)) => same(value, c),
                        Some(Certain::Operand(k)) => same(value, args[k]),
                        Some(Certain::Zero) => value == 0.0,
                    };
                    found += 1;
                    assert!(right, "{op}{imm:?}{args:?} is {value}");
                }
            }
        }
    }
    assert!(found > 1000);
}
