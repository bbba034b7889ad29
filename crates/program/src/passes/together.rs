//! Together: moves functions of the same value that one kernel computes, such as sine and cosine, next to each other, where
//! the interpreter finds them. Linear in the size of the program.

use wengert::room::{Refused, filled, with_room};

use super::order::permute;
use crate::ir::{Facts, Ir};
use crate::lanes::Unary;
use crate::opcode::{Implementation, implementation};
use crate::recording::NOTHING;

/// Reorders, and returns how many instructions moved. Uniform values stay where they are: single numbers are computed one by
/// one.
pub(crate) fn together(ir: &mut Ir, facts: &mut Facts) -> Result<usize, Refused> {
    let count = ir.insts.len();
    // The last function of each value that has no follower yet, and the follower of each function.
    let mut lone: Vec<u32> = filled(NOTHING, count)?;
    let mut follower: Vec<u32> = filled(NOTHING, count)?;
    let mut moved = 0;
    for k in 0..count {
        if facts.uniform[k] || kernel(ir, k).is_none_or(|kernel| !kernel.has_partner()) {
            continue;
        }
        let first = &mut lone[ir.insts[k].operands()[0] as usize];
        if *first != NOTHING && are_together(ir, *first as usize, k) {
            follower[*first as usize] = k as u32;
            moved += usize::from(*first as usize + 1 != k);
            *first = NOTHING;
        } else {
            *first = k as u32;
        }
    }
    if moved == 0 {
        return Ok(0);
    }
    let mut order: Vec<u32> = with_room(count)?;
    let mut follows: Vec<bool> = filled(false, count)?;
    for k in 0..count {
        if !follows[k] {
            order.push(k as u32);
            if let Some(follows) = follows.get_mut(follower[k] as usize) {
                *follows = true;
                order.push(follower[k]);
            }
        }
    }
    permute(ir, facts, &order)?;
    Ok(moved)
}

/// Whether one kernel computes both values.
#[inline]
pub(crate) fn are_together(ir: &Ir, j: usize, k: usize) -> bool {
    match (kernel(ir, j), kernel(ir, k)) {
        (Some(one), Some(other)) => one.goes_with(other) && ir.insts[j].operands()[0] == ir.insts[k].operands()[0],
        _ => false,
    }
}

/// The kernel that computes a value, if one does.
#[inline]
fn kernel(ir: &Ir, k: usize) -> Option<Unary> {
    let inst = ir.insts.get(k)?;
    match implementation(inst.op, ir.imm(inst)) {
        Implementation::Kernel(kernel) => Some(kernel),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use wengert::Expr;

    use crate::lanes::Unary;
    use crate::{Options, Program, Setup, Workspace};

    /// Computes a batch of three in a workspace where the kernels of all pairs panic alone.
    fn run(program: &Program) -> Vec<[f64; 3]> {
        let mut workspace = Workspace::with(Setup::new().threads(1));
        for &kernel in Unary::ALL {
            if kernel.has_partner() {
                workspace.kernels[kernel as usize] = workspace.kernels[kernel as usize].never_alone();
            }
        }
        let mut out = vec![[0.0; 3]; program.output_count()];
        let mut columns: Vec<&mut [f64]> = out.iter_mut().map(|column| &mut column[..]).collect();
        program.eval_batch(3, &[&[0.1, 0.2, 1e7]], &mut columns, &mut workspace).expect("runs");
        out
    }

    fn moved(program: &Program) -> usize {
        program.report().passes.iter().find(|pass| pass.name == "together").expect("it ran").count
    }

    #[test]
    fn functions_of_one_value_are_computed_by_one_kernel() {
        type Formula = for<'g> fn(&[Expr<'g>]) -> Vec<Expr<'g>>;
        let formulas: [(usize, Formula); 3] = [
            (0, |x| vec![x[0].sin(), x[0].cos()]),
            (0, |x| vec![x[0].cos() * x[0].sin()]),
            (1, |x| {
                let (s, y) = (x[0].sin(), (x[0] + 1.0).exp());
                vec![s, y, x[0].cos() * y]
            }),
        ];
        for (k, (expected, formula)) in formulas.into_iter().enumerate() {
            let program = Program::from_fn(&[0.5], formula, &Options::new()).expect("compiles");
            assert_eq!(moved(&program), expected, "{k}: {program}");
            let together = run(&program);
            let apart = Program::from_fn(&[0.5], formula, &Options::new().order(false)).expect("compiles");
            let mut alone = vec![0.0; apart.output_count()];
            for (point, x) in [0.1, 0.2, 1e7].into_iter().enumerate() {
                apart.eval(&[x], &mut alone, &mut Workspace::new()).expect("runs");
                let got: Vec<f64> = together.iter().map(|column| column[point]).collect();
                assert_eq!(got, alone, "{k} at {x}");
            }
        }
    }
}
