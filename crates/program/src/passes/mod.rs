//! Passes over the list before it is laid out, one file each. Every pass keeps the bits of every output, except that
//! `fuse` may round once; tests check this on random programs.
//!
//! They run in this order: `fold`, `share`, `dead`, `order`. `fuse` pairs products with sums when steps are
//! made.

pub(crate) mod dead;
pub(crate) mod fold;
pub(crate) mod fuse;
pub(crate) mod order;
pub(crate) mod share;

use wengert::room::{Refused, collected};

use crate::ir::Ir;
use crate::options::Options;
use crate::report::Pass;

/// Runs the passes that are switched on, and returns what each did.
///
/// # Errors
/// [`Refused`]; the list is then in no use.
pub(crate) fn run(ir: &mut Ir, options: &Options) -> Result<Vec<Pass>, Refused> {
    type Run = fn(&mut Ir) -> Result<usize, Refused>;
    let passes: [(&'static str, &'static str, bool, Run); 4] = [
        ("fold", "simplified", options.fold, fold::fold),
        ("share", "shared", options.share, share::share),
        ("dead", "dropped", options.dead, dead::dead),
        ("order", "moved", options.order, order::order),
    ];
    let mut done = Vec::new();
    for (name, verb, on, run) in passes {
        if on {
            let before = ir.insts.len();
            let count = run(ir)?;
            done.push(Pass { name, verb, count, before, after: ir.insts.len() });
        }
    }
    if ir.insts.len() < ir.insts.capacity() {
        ir.insts = collected(ir.insts.iter().copied())?;
    }
    Ok(done)
}
