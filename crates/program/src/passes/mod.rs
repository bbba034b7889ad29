//! Passes over the list before it is laid out, one file each. Every pass keeps the bits of every output, except that
//! `fuse` may round once; tests check this on random programs.
//!
//! `fold` and `share` run on each instruction as it is made ([`crate::ir::lower`]), `dead`, `order` and `together` on the list, and
//! `fuse` pairs products with sums when steps are made.

pub(crate) mod dead;
pub(crate) mod fold;
pub(crate) mod fuse;
pub(crate) mod order;
pub(crate) mod share;
pub(crate) mod together;

use wengert::room::{Refused, collected};

use crate::ir::{Facts, Ir};
use crate::options::Options;
use crate::report::Pass;

/// Runs `dead`, `order` and `together`, if they are switched on, and returns what each did, and what is known of the values.
///
/// # Errors
/// [`Refused`]; the list is then in no use.
pub(crate) fn run(ir: &mut Ir, options: &Options) -> Result<(Vec<Pass>, Facts), Refused> {
    type Run = fn(&mut Ir, &mut Facts) -> Result<usize, Refused>;
    let passes: [(&'static str, &'static str, bool, Run); 3] = [
        ("dead", "dropped", options.dead, dead::dead),
        ("order", "moved", options.order, order::order),
        ("together", "moved", options.order, together::together),
    ];
    let mut facts = ir.facts()?;
    let mut done = Vec::new();
    for (name, verb, on, run) in passes {
        if on {
            let before = ir.insts.len();
            let count = run(ir, &mut facts)?;
            done.push(Pass { name, verb, count, before, after: ir.insts.len() });
        }
    }
    if ir.insts.len() < ir.insts.capacity() {
        ir.insts = collected(ir.insts.iter().copied())?;
    }
    Ok((done, facts))
}
