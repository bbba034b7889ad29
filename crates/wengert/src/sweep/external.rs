//! The steps of the sweeps at a call of a user's function.
//!
//! The outputs of a call are side by side, and everything that uses them comes after the last. So when a reverse sweep
//! reaches the last output whose adjoint is not 0, the adjoints of all of them are complete: one `vjp` takes them all, and
//! the sweep skips the other outputs. Going forward, the first output does the work for all.
//!
//! A statement has one output, and its partials are on the tape, so sweeps of first order do not call it.

use alloc::vec;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};

use super::{At, primal, read, wants};
use crate::error::Error;
use crate::external::checked::{self, fit, parts};
use crate::room::collected;
use crate::scalar::tangents::Tangents;
use crate::scalar::{Adjoint, AdjointScalar};
use crate::tape::Tape;
use crate::tape::calls::Call;
use crate::tape::entry::Entry;

/// Computes the values of a call, whose first output is at `i`. `args` is a buffer.
#[cold]
#[inline(never)]
pub(super) fn replay(tape: &Tape, entry: Entry, i: usize, args: &mut Vec<f64>) -> Result<(), Error> {
    let view = tape.view();
    let call = view.call(entry);
    if call.first as usize != i {
        return Ok(());
    }
    let (n, m) = (call.inputs.len(), call.outputs as usize);
    let f = tape.functions.get(call.function);
    fit(args, 2 * n + m, 0.0)?;
    let [x, y, xbar] = parts(args, [n, m, n]);
    for (x, at) in x.iter_mut().zip(call.inputs) {
        *x = primal(view.entries, at.get());
    }
    match call.partials(tape) {
        None => checked::value(&*f, x, y)?,
        Some(partials) => {
            let computed = f.value(x, y).and_then(|()| f.vjp(x, y, &[1.0], xbar));
            computed.map_err(|message| checked::failed(&*f, message))?;
            partials.iter().zip(&*xbar).for_each(|(partial, &new)| partial.set(new));
        }
    }
    for (cell, &y) in view.entries[i..].iter().zip(&*y) {
        cell.set(Entry::from(cell.get()).with(y));
    }
    Ok(())
}

/// Carries tangents through a call, whose first output is at `i`.
#[cold]
#[inline(never)]
pub(super) fn tangents<const N: usize>(tape: &Tape, entry: Entry, i: usize, tangents: &mut [Tangents<N>]) {
    let call = tape.view().call(entry);
    if let Some(partials) = call.partials(tape) {
        let given = call.inputs.iter().map(|x| tangents[x.get() as usize]);
        tangents[i] = given.zip(partials).fold(Tangents::ZERO, |sum, (given, partial)| sum + given * partial.get());
    } else if call.first as usize == i {
        tape.functions.attempt(|| try_tangents(tape, call, tangents));
    }
}

fn try_tangents<const N: usize>(tape: &Tape, call: Call<'_>, tangents: &mut [Tangents<N>]) -> Result<(), Error> {
    let entries = tape.view().entries;
    let f = tape.functions.get(call.function);
    let (n, m, first) = (call.inputs.len(), call.outputs as usize, call.first as usize);
    let mut buffer = tape.functions.take_buffer();
    fit(&mut buffer, 2 * n + 2 * m, 0.0)?;
    let [x, y, v, w] = parts(&mut buffer, [n, m, n, m]);
    for (x, at) in x.iter_mut().zip(call.inputs) {
        *x = primal(entries, at.get());
    }
    for (y, at) in y.iter_mut().zip(call.first..) {
        *y = primal(entries, at);
    }
    let reached = tangents.len().saturating_sub(first).min(m);
    for lane in 0..N {
        for (v, at) in v.iter_mut().zip(call.inputs) {
            *v = tangents[at.get() as usize].0[lane];
        }
        match v.iter().all(|&v| v == 0.0) {
            true => w.fill(0.0),
            false => checked::jvp(&*f, x, y, v, w)?,
        }
        for (tangent, &w) in tangents[first..first + reached].iter_mut().zip(&*w) {
            tangent.0[lane] = w;
        }
    }
    tape.functions.keep_buffer(buffer);
    Ok(())
}

/// Sends the adjoint `bar` of a statement to its inputs. `at` gives the scalar of an entry at a position.
pub(super) fn reverse_statement<S: AdjointScalar, B: Adjoint<S>>(
    tape: &Tape,
    adjoints: &[Cell<S>],
    call: Call<'_>,
    partials: &[Cell<f64>],
    bar: B,
    at: impl At<S>,
) {
    let send = |x: &Cell<u32>, partial: S| {
        if let Some(adjoint) = adjoints.get(x.get() as usize) {
            adjoint.set(adjoint.get() + (bar * partial).get());
        }
    };
    if !S::IS_LARGE {
        for (x, partial) in call.inputs.iter().zip(partials) {
            send(x, S::constant(partial.get()));
        }
        return;
    }
    tape.functions.attempt(|| {
        let entries = tape.view().entries;
        let x = collected(call.inputs.iter().map(|x| read(entries, x.get(), at)))?;
        let mut parts = collected(partials.iter().map(|partial| S::constant(partial.get())))?;
        S::partials(&*tape.functions.get(call.function), &x, &mut parts)?;
        call.inputs.iter().zip(parts).for_each(|(x, partial)| send(x, partial));
        Ok(())
    });
}

/// Sends the adjoints of a call's outputs to its inputs, when a reverse sweep reaches the output at `i`, unless a later
/// output did. `at` gives the scalar of an entry at a position.
#[cold]
#[inline(never)]
pub(super) fn reverse<S: AdjointScalar>(
    tape: &Tape,
    adjoints: &[Cell<S>],
    args: &RefCell<Vec<S>>,
    i: usize,
    at: impl At<S>,
) {
    let call = tape.view().call(tape.entry(i as u32));
    let end = call.first as usize + call.outputs as usize;
    let later = &adjoints[i + 1..end.min(adjoints.len())];
    if later.iter().all(|adjoint| adjoint.get().is_zero()) {
        tape.functions.attempt(|| try_reverse(tape, adjoints, args, call, at));
    }
}

fn try_reverse<S: AdjointScalar>(
    tape: &Tape,
    adjoints: &[Cell<S>],
    args: &RefCell<Vec<S>>,
    call: Call<'_>,
    at: impl At<S>,
) -> Result<(), Error> {
    let entries = tape.view().entries;
    let f = tape.functions.get(call.function);
    let (n, m) = (call.inputs.len(), call.outputs as usize);
    let mut buffer = args.take();
    fit(&mut buffer, 2 * n + 2 * m, S::ZERO)?;
    let [x, y, ybar, xbar] = parts(&mut buffer, [n, m, m, n]);
    for (x, place) in x.iter_mut().zip(call.inputs) {
        *x = read(entries, place.get(), at);
    }
    for ((y, ybar), place) in y.iter_mut().zip(&mut *ybar).zip(call.first..) {
        *y = read(entries, place, at);
        // An output after the one where the sweep started has no adjoint.
        *ybar = adjoints.get(place as usize).map_or(S::ZERO, Cell::get);
    }
    S::pull_external(&*f, x, y, ybar, xbar)?;
    for (&part, place) in xbar.iter().zip(call.inputs) {
        if wants(entries, place.get())
            && let Some(adjoint) = adjoints.get(place.get() as usize)
        {
            adjoint.set(adjoint.get() + part);
        }
    }
    args.replace(buffer);
    Ok(())
}

/// What the output at `node` with the adjoint `bar` adds to the adjoints of the inputs, for the plain sweep.
pub(super) fn pullback<B: Adjoint<f64>>(
    tape: &Tape,
    node: u32,
    bar: f64,
    mut each: impl FnMut(u32, f64),
) -> Result<(), Error> {
    let view = tape.view();
    let call = view.call(tape.entry(node));
    if let Some(partials) = call.partials(tape) {
        for (x, partial) in call.inputs.iter().zip(partials) {
            if wants(view.entries, x.get()) {
                each(x.get(), (B::of(bar) * partial.get()).get());
            }
        }
        return Ok(());
    }
    let value = |position: u32| primal(view.entries, position);
    let x: Vec<f64> = call.inputs.iter().map(|place| value(place.get())).collect();
    let y: Vec<f64> = (0..call.outputs).map(|k| value(call.first + k)).collect();
    let (mut ybar, mut xbar) = (vec![0.0; y.len()], vec![0.0; x.len()]);
    ybar[(node - call.first) as usize] = bar;
    checked::vjp(&*tape.functions.get(call.function), &x, &y, &ybar, &mut xbar)?;
    for (place, &part) in call.inputs.iter().zip(&xbar) {
        if wants(view.entries, place.get()) {
            each(place.get(), part);
        }
    }
    Ok(())
}
