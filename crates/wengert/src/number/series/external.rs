//! Series through the nodes of a tape, and through functions of the user's own.

use alloc::vec;
use alloc::vec::Vec;

use crate::error::Error;
use crate::external::{External, checked, recorded};
use crate::graph::Graph;
use crate::number::series::Series;
use crate::op::Op;
use crate::op::kernel::gmul;
use crate::scalar::Scalar;
use crate::tape::Tape;

/// Computes the series of the first nodes of a tape, from those of its leaves. `varies` says which leaves vary. A node
/// that does not vary keeps its series. At calls, and at nodes that use them, only the first `terms` coefficients are
/// right.
pub(super) fn sweep<const K: usize>(
    tape: &Tape,
    series: &mut [Series<K>],
    varies: &mut [bool],
    terms: usize,
) -> Result<(), Error> {
    let mut args = Vec::new();
    for position in 0..series.len() {
        let entry = tape.entry(position as u32);
        if !entry.wants() || entry.is_source() {
            continue;
        }
        args.clear();
        let imm = tape.operands(entry, |x| {
            varies[position] |= varies[x as usize];
            args.push(series[x as usize]);
        });
        if !varies[position] {
            continue;
        }
        if entry.op() != Op::External {
            series[position] = Series::apply(entry.op(), imm, &args);
            continue;
        }
        let call = tape.view().call(entry);
        let f = tape.functions.get(call.function);
        if f.is_statement() {
            series[position] = statement(&*f, &args, terms)?;
        } else if call.first as usize == position {
            let outputs = through(&*f, &args, call.outputs as usize, terms)?;
            series[position..].iter_mut().zip(outputs).for_each(|(series, output)| *series = output);
        }
    }
    Ok(())
}

/// The series of a statement: that of its body, recorded in a graph of its own.
fn statement<const K: usize>(f: &dyn External, x: &[Series<K>], terms: usize) -> Result<Series<K>, Error> {
    let graph = Graph::new();
    let inputs: Vec<_> = x.iter().map(|x| graph.var(x.value())).collect();
    let y = f.body(&inputs).ok_or_else(|| checked::failed(f, "it has no body"))?;
    let Some(handle) = y.handle() else {
        return Ok(Series::new(y.value()));
    };
    let mut series: Vec<Series<K>> = graph.nodes().map(|node| Series::new(node.value)).collect();
    let mut varies = vec![false; series.len()];
    series[..x.len()].copy_from_slice(x);
    varies[..x.len()].fill(true);
    sweep(&graph.tape, &mut series, &mut varies, terms)?;
    Ok(series[handle.index() as usize])
}

/// The series of the `m` outputs of a function, up to the first `terms` coefficients. Each follows from the ones before it
/// by `y' = J x'`, with the Jacobian from the pullback: a sweep over it for each order and output. A sweep needs fewer
/// coefficients of the functions that the pullback calls, so a pullback may call its own function. Then the cost doubles
/// with each order, or grows faster if there are several outputs.
pub(super) fn through<const K: usize>(
    f: &dyn External,
    x: &[Series<K>],
    m: usize,
    terms: usize,
) -> Result<Vec<Series<K>>, Error> {
    let x0: Vec<f64> = x.iter().map(|x| x.value()).collect();
    let mut y0 = vec![0.0; m];
    checked::value(f, &x0, &mut y0)?;
    let mut y: Vec<Series<K>> = y0.iter().map(|&value| Series::new(value)).collect();
    if terms <= 1 {
        return Ok(y);
    }
    let graph = Graph::new();
    let leaves = |values: &[f64]| graph.exprs(&graph.leaves(values));
    let (at_x, at_y, at_ybar) = (leaves(&x0), leaves(&y0), leaves(&vec![0.0; m]));
    let xbar = recorded(f, &graph, &at_x, &at_y, &at_ybar)?
        .ok_or_else(|| checked::failed(f, "it has no Taylor series: implement pullback"))?;
    let n = x.len();
    for order in 1..terms {
        for output in 0..m {
            let mut series: Vec<Series<K>> = graph.nodes().map(|node| Series::new(node.value)).collect();
            let mut varies = vec![false; series.len()];
            series[..n].copy_from_slice(x);
            series[n..n + m].copy_from_slice(&y);
            series[n + m + output] = Series::new(1.0);
            varies[..n + 2 * m].fill(true);
            sweep(&graph.tape, &mut series, &mut varies, order)?;
            let partial = |k: usize| match xbar[k].handle() {
                Some(handle) => series[handle.index() as usize],
                None => Series::new(xbar[k].value()),
            };
            // The coefficient of order `order - 1` of the sum over the inputs of partial times derivative.
            let mut sum = 0.0;
            for (k, x) in x.iter().enumerate() {
                let partial = partial(k);
                for j in 1..=order {
                    sum += gmul(x.coefficients[j] * j as f64, partial.coefficients[order - j]);
                }
            }
            y[output].coefficients[order] = sum / order as f64;
        }
    }
    Ok(y)
}
