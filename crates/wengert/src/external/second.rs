//! Calls over dual numbers: outputs with their tangents, and adjoints with theirs, which a Hessian-vector product needs.

use alloc::vec;
use alloc::vec::Vec;

use crate::error::Error;
use crate::external::checked::{self, failed, fit, parts};
use crate::external::{External, recorded};
use crate::graph::Graph;
use crate::scalar::dual::Dual;
use crate::scalar::tangents::Tangents;
use crate::sweep;
use crate::sweep::hvp::HvpWorkspace;

/// The outputs at `x`, with their tangents.
pub(crate) fn push<const N: usize>(f: &dyn External, x: &[Dual<N>]) -> Result<Vec<Dual<N>>, Error> {
    let (n, m) = (x.len(), checked::outputs_of(f, x.len())?);
    let mut buffer = Vec::new();
    fit(&mut buffer, 2 * n + 2 * m, 0.0)?;
    let [x0, y0, v, w] = parts(&mut buffer, [n, m, n, m]);
    copy(x0, x, |x| x.value);
    checked::value(f, x0, y0)?;
    let mut y: Vec<Dual<N>> = y0.iter().map(|&value| Dual::new(value)).collect();
    for lane in 0..N {
        copy(v, x, |x| x.tangents[lane]);
        if v.iter().any(|&v| v != 0.0) {
            checked::jvp(f, x0, y0, v, w)?;
            y.iter_mut().zip(&*w).for_each(|(y, &w)| y.tangents[lane] = w);
        }
    }
    Ok(y)
}

/// Writes to `xbar` the adjoints of the inputs and their tangents: `J^T ybar`, and along each direction
/// `J^T ybar' + (J^T)' ybar`.
pub(crate) fn pull<const N: usize>(
    f: &dyn External,
    x: &[Dual<N>],
    y: &[Dual<N>],
    ybar: &[Dual<N>],
    xbar: &mut [Dual<N>],
) -> Result<(), Error> {
    let (n, m) = (x.len(), y.len());
    let mut buffer = Vec::new();
    fit(&mut buffer, 3 * n + 3 * m, 0.0)?;
    let [x0, y0, ybar0, along_x, along_ybar, part] = parts(&mut buffer, [n, m, m, n, m, n]);
    copy(x0, x, |x| x.value);
    copy(y0, y, |y| y.value);
    copy(ybar0, ybar, |bar| bar.value);
    let moves = |along: &[f64]| along.iter().any(|&v| v != 0.0);
    if moves(ybar0) {
        checked::vjp(f, x0, y0, ybar0, part)?;
        xbar.iter_mut().zip(&*part).for_each(|(xbar, &part)| xbar.value = part);
    }
    // In all directions at once, where there is a pullback and no `hvp`.
    let mut second: Option<Vec<Tangents<N>>> = None;
    for lane in 0..N {
        copy(along_ybar, ybar, |bar| bar.tangents[lane]);
        if moves(along_ybar) {
            checked::vjp(f, x0, y0, along_ybar, part)?;
            xbar.iter_mut().zip(&*part).for_each(|(xbar, &part)| xbar.tangents[lane] += part);
        }
        copy(along_x, x, |x| x.tangents[lane]);
        if !moves(along_x) || !moves(ybar0) {
            continue;
        }
        if second.is_none() && checked::hvp(f, x0, y0, ybar0, along_x, part)? {
            xbar.iter_mut().zip(&*part).for_each(|(xbar, &part)| xbar.tangents[lane] += part);
            continue;
        }
        let found = match &second {
            Some(second) => second,
            None => second.insert(by_pullback(f, x, x0, y0, ybar0)?),
        };
        xbar.iter_mut().zip(found).for_each(|(xbar, part)| xbar.tangents[lane] += part.0[lane]);
    }
    Ok(())
}

fn copy<const N: usize>(to: &mut [f64], from: &[Dual<N>], part: impl Fn(&Dual<N>) -> f64) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = part(from));
}

/// Writes to `partials`, the partials of a statement at `x`, their tangents: of the body, recorded in a graph of its own.
pub(crate) fn partials<const N: usize>(f: &dyn External, x: &[Dual<N>], partials: &mut [Dual<N>]) -> Result<(), Error> {
    let graph = Graph::new();
    let inputs: Vec<_> = x.iter().map(|x| graph.var(x.value)).collect();
    let Some(l) = f.body(&inputs).and_then(|y| y.handle()) else {
        return Ok(());
    };
    let mut hvp = HvpWorkspace::<N>::default();
    hvp.fit(l.index() as usize, graph.most_operands())?;
    hvp.tangents.iter_mut().zip(x).for_each(|(tangents, x)| tangents.0 = x.tangents);
    hvp.sweep(&graph.tape, &graph.operands)?;
    partials.iter_mut().enumerate().for_each(|(k, partial)| partial.tangents = hvp.tangents_of(k));
    Ok(())
}

/// The tangents of the pullback along those of `x`, for fixed `ybar`.
fn by_pullback<const N: usize>(
    f: &dyn External,
    x: &[Dual<N>],
    x0: &[f64],
    y0: &[f64],
    ybar0: &[f64],
) -> Result<Vec<Tangents<N>>, Error> {
    let graph = Graph::new();
    let leaves = |values: &[f64]| graph.exprs(&graph.leaves(values));
    let (at_x, at_y, at_ybar) = (leaves(x0), leaves(y0), leaves(ybar0));
    let Some(xbar) = recorded(f, &graph, &at_x, &at_y, &at_ybar)? else {
        return Err(failed(f, "it has no second derivative: implement hvp or pullback"));
    };
    let mut tangents = vec![Tangents::<N>::ZERO; graph.len()];
    let (mut v, mut w) = (vec![0.0; x0.len()], vec![0.0; y0.len()]);
    for lane in 0..N {
        copy(&mut v, x, |x| x.tangents[lane]);
        if v.iter().any(|&v| v != 0.0) {
            checked::jvp(f, x0, y0, &v, &mut w)?;
        } else {
            w.fill(0.0);
        }
        for (tangent, &part) in tangents.iter_mut().zip(v.iter().chain(&w)) {
            tangent.0[lane] = part;
        }
    }
    sweep::tangents(&graph.tape, &mut tangents, &graph.operands)?;
    let along = |bar: &crate::Expr<'_>| bar.graph().map_or(Tangents::ZERO, |_| tangents[bar.id().index()]);
    Ok(xbar.iter().map(along).collect())
}
