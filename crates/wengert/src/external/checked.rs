//! Calls of a user's function, with errors for what it does wrong.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;

use crate::error::Error;
use crate::external::External;

/// What a buffer for results holds before it is written: a NaN that no computation gives.
pub(crate) const UNWRITTEN: f64 = f64::from_bits(0x7ff8_dead_0f0f_1e57);

/// An error that names the function.
#[cold]
pub(crate) fn failed(f: &dyn External, what: impl Into<Box<str>>) -> Error {
    Error::External { name: f.name().into(), what: what.into() }
}

/// How many outputs the function has, if it takes that many inputs.
///
/// # Errors
/// [`Error::External`] otherwise.
pub(crate) fn outputs_of(f: &dyn External, given: usize) -> Result<usize, Error> {
    let (inputs, outputs) = f.shape();
    match given == inputs {
        true => Ok(outputs),
        false => Err(failed(f, format!("expected {inputs} inputs, got {given}"))),
    }
}

/// Checks that all results were written.
pub(crate) fn written(method: &str, results: &[f64]) -> Result<(), String> {
    match results.iter().position(|r| r.to_bits() == UNWRITTEN.to_bits()) {
        None => Ok(()),
        Some(at) => Err(format!("{method} did not write number {at} of its {} results", results.len())),
    }
}

/// Makes a list `len` long.
pub(crate) fn fit<T: Clone>(list: &mut Vec<T>, len: usize, with: T) -> Result<(), Error> {
    list.clear();
    list.try_reserve(len).map_err(|_| Error::OutOfMemory { nodes: len })?;
    list.resize(len, with);
    Ok(())
}

/// Splits a list in parts of these lengths.
pub(crate) fn parts<T, const N: usize>(mut list: &mut [T], lengths: [usize; N]) -> [&mut [T]; N] {
    lengths.map(|length| {
        let (part, rest) = mem::take(&mut list).split_at_mut(length);
        list = rest;
        part
    })
}

/// Runs a method of the function that writes to `results`, and checks what it wrote. `given` are the numbers it was
/// given.
fn call(
    f: &dyn External,
    method: &'static str,
    given: &[&[f64]],
    results: &mut [f64],
    run: impl FnOnce(&mut [f64]) -> Result<(), String>,
) -> Result<(), Error> {
    results.fill(UNWRITTEN);
    run(results).map_err(|message| failed(f, format!("{method} failed: {message}")))?;
    written(method, results).map_err(|message| failed(f, message))?;
    match results.iter().position(|r| r.is_nan()) {
        Some(at) if given.iter().copied().flatten().all(|x| x.is_finite()) => Err(failed(
            f,
            format!("{method} wrote NaN as number {at} of its results at finite numbers; return an Err that says why"),
        )),
        _ => Ok(()),
    }
}

/// The outputs of the function at `x`, as many as it has. For compilers.
///
/// # Errors
/// [`Error::External`].
pub fn value(f: &dyn External, x: &[f64], y: &mut [f64]) -> Result<(), Error> {
    call(f, "value", &[x], y, |y| f.value(x, y))
}

pub(crate) fn vjp(f: &dyn External, x: &[f64], y: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), Error> {
    call(f, "vjp", &[x, y, ybar], xbar, |xbar| f.vjp(x, y, ybar, xbar))
}

pub(crate) fn jvp(f: &dyn External, x: &[f64], y: &[f64], v: &[f64], w: &mut [f64]) -> Result<(), Error> {
    call(f, "jvp", &[x, y, v], w, |w| f.jvp(x, y, v, w))
}

/// As [`External::hvp`]: `Ok(false)` if it is not implemented.
pub(crate) fn hvp(
    f: &dyn External,
    x: &[f64],
    y: &[f64],
    ybar: &[f64],
    v: &[f64],
    xdot: &mut [f64],
) -> Result<bool, Error> {
    let mut given = true;
    call(f, "hvp", &[x, y, ybar, v], xdot, |xdot| match f.hvp(x, y, ybar, v, xdot) {
        Some(result) => result,
        None => {
            given = false;
            xdot.fill(0.0);
            Ok(())
        }
    })?;
    Ok(given)
}
