//! Under `--cfg mutate`: a wrong derivative rule, to see which test notices it.
//!
//! The variable `WENGERT_MUTATE` names an op and an operand, as in `mul 0`. What the rule of that op sends to that
//! operand is then multiplied by 1 + 1e-12. (For an op of lists the operand is a list.) With a third word, as in
//! `sign 0 more`, 1e-12 of the cotangent is added instead, for rules that send 0.

use std::ops::{Add, Mul};
use std::sync::LazyLock;

use crate::op::Op;
use crate::scalar::Scalar;

const OFF: f64 = 1e-12;

/// The op, the operand, and whether to add.
static WRONG: LazyLock<Option<(Op, usize, bool)>> = LazyLock::new(|| {
    let text = std::env::var("WENGERT_MUTATE").ok()?;
    let mut words = text.split(' ');
    Some((Op::from_name(words.next()?)?, words.next()?.parse().ok()?, words.next().is_some()))
});

/// What the rule of `op` sends to operand `k`, wrong if that is asked for.
pub(crate) fn part<S: Scalar, P: Mul<S, Output = P> + Add<Output = P>>(op: Op, k: usize, r: S, bar: P, part: P) -> P {
    match *WRONG {
        Some((wrong, operand, more)) if (wrong, operand) == (op, k) => match more {
            true => part + bar * r.lift(OFF),
            false => part * r.lift(1.0 + OFF),
        },
        _ => part,
    }
}
