//! The tapes that are measured, each behind [`Engine`], each used in the fastest way it offers.
//!
//! Every engine keeps its storage from one repetition to the next where its interface permits it.
//! A repetition clears the tape, enters the inputs, records the body, sweeps back and reads the
//! gradient of every input: what an optimizer's step at a new point needs.

pub mod echidna;
pub mod reverse;
pub mod rustquant;
pub mod wengert;

use crate::workloads::Workload;
use smallvec::SmallVec;

/// Variables of the inputs: on the stack for the small workloads.
pub(crate) type Inputs<T> = SmallVec<[T; 4]>;

/// Enters the inputs as variables, written in their final place. Moving what was just written would stall for
/// longer than recording the smallest workload takes.
#[inline(always)]
pub(crate) fn entered<T>(inputs: &mut Inputs<T>, x: &[f64], mut enter: impl FnMut(f64) -> T) {
    inputs.reserve(x.len());
    for &x in x {
        inputs.push(enter(x));
    }
}

/// A tape that records a workload and sweeps it back.
pub trait Engine {
    /// Short name, as on the command line.
    const NAME: &'static str;

    /// An empty tape, with room for about `ops` operations if the engine can reserve it.
    fn new(ops: usize) -> Self;

    /// Clears the tape, enters the inputs and records; returns the value.
    fn record<W: Workload>(&mut self, workload: &W, case: usize) -> f64;

    /// Clears the tape, enters the inputs, records, calls `recorded`, sweeps back and writes the
    /// gradient of every input; returns the value.
    fn gradient<W: Workload>(
        &mut self,
        workload: &W,
        case: usize,
        gradient: &mut [f64],
        recorded: impl FnOnce(),
    ) -> f64;

    /// Bytes of the buffers in use after a gradient of `workload`, adjoints included.
    fn bytes<W: Workload>(&self, workload: &W) -> usize;
}

/// The largest relative error of a component of `gradient`. For a component of `reference` below 1e-6 of the largest
/// one, the error is relative to 1e-6 of the largest one, since it comes from canceled terms.
pub fn relative_error(gradient: &[f64], reference: &[f64]) -> f64 {
    assert_eq!(gradient.len(), reference.len());
    let largest = reference.iter().fold(0.0f64, |m, g| m.max(g.abs()));
    let floor = (1e-6 * largest).max(f64::MIN_POSITIVE);
    gradient
        .iter()
        .zip(reference)
        .map(|(g, r)| (g - r).abs() / r.abs().max(floor))
        // A NaN must not be lost in the maximum.
        .fold(0.0, |m: f64, e| if m.is_nan() || e <= m { m } else { e })
}

/// Whether a value and its gradient are the hand-written ones within 1e-9; `who` is for the message.
///
/// # Errors
/// A message with `who`, the workload and the error, if they are not.
pub fn agree(
    who: &str,
    workload: &str,
    [value, by_hand]: [f64; 2],
    [gradient, expected]: [&[f64]; 2],
) -> Result<(), String> {
    for (what, error) in
        [("value", relative_error(&[value], &[by_hand])), ("gradient", relative_error(gradient, expected))]
    {
        // This form refuses NaN too.
        if !matches!(error.partial_cmp(&1e-9), Some(std::cmp::Ordering::Less)) {
            return Err(format!(
                "{workload} by {who}: {what} differs from the hand-written one by {error:.1e}, more than 1e-9"
            ));
        }
    }
    Ok(())
}

/// Checks the engine's value and gradient against the hand-written ones within 1e-9, on up to ten data sets.
///
/// # Errors
/// As [`agree`].
pub fn check<E: Engine, W: Workload>(engine: &mut E, workload: &W) -> Result<(), String> {
    let x = workload.inputs();
    let mut scratch = workload.scratch();
    let mut expected = vec![0.0; x.len()];
    let mut gradient = vec![f64::NAN; x.len()];
    for case in 0..workload.cases().min(10) {
        let by_hand = workload.by_hand(case, x, &mut scratch, &mut expected);
        let value = engine.gradient(workload, case, &mut gradient, || {});
        agree(E::NAME, workload.name(), [value, by_hand], [&gradient, &expected])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workloads::{asian, chain, lecture, mixture, perceptron, rosenbrock};

    fn all_gradients_are_right<E: Engine>() {
        fn ok<E: Engine, W: Workload>(workload: &W) {
            let mut engine = E::new(workload.ops());
            check(&mut engine, workload).unwrap_or_else(|error| panic!("{error}"));
            let value = engine.record(workload, 0);
            let plain = workload.plain(0, workload.inputs(), &mut workload.scratch());
            assert!(relative_error(&[value], &[plain]) < 1e-12);
            // A second sweep over reused storage must give the same.
            check(&mut engine, workload).unwrap_or_else(|error| panic!("{error}"));
            assert!(engine.bytes(workload) > workload.ops());
        }
        ok::<E, _>(&lecture::Lecture::new());
        ok::<E, _>(&chain::Chain::new("W2", 1_000));
        ok::<E, _>(&rosenbrock::Rosenbrock::new(300));
        ok::<E, _>(&perceptron::Perceptron::<false>::new());
        ok::<E, _>(&perceptron::Perceptron::<true>::new());
        ok::<E, _>(&asian::Asian::new(4));
        ok::<E, _>(&mixture::Mixture::new("W6-2x5", 2, 5, 50));
        ok::<E, _>(&mixture::Mixture::new("W6-10x25", 10, 25, 10));
    }

    #[test]
    fn wengert_computes_the_gradients() {
        all_gradients_are_right::<wengert::Wengert>();
    }

    #[test]
    fn wengert_by_keys_computes_the_gradients() {
        all_gradients_are_right::<wengert::WengertKeys>();
    }

    #[test]
    fn reverse_computes_the_gradients() {
        all_gradients_are_right::<reverse::Reverse>();
    }

    #[test]
    fn rustquant_computes_the_gradients() {
        all_gradients_are_right::<rustquant::RustQuant>();
    }

    #[test]
    fn echidna_computes_the_gradients() {
        all_gradients_are_right::<echidna::Echidna>();
    }

    #[test]
    fn a_nan_is_an_error_wherever_it_is() {
        let (good, bad) = ([1.0, 2.0, 3.0], [1.0, f64::NAN, 3.0]);
        assert!(relative_error(&bad, &good).is_nan());
        assert_eq!(agree("it", "W1", [5.0, 5.0], [&good, &good]), Ok(()));
        assert!(agree("it", "W1", [5.0, 5.0], [&bad, &good]).is_err_and(|e| e.contains("gradient")));
        assert!(agree("it", "W1", [f64::NAN, 5.0], [&good, &good]).is_err_and(|e| e.contains("value")));
    }
}
