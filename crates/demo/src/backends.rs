//! Both backends side by side: their speed, and how closely their losses agree.

use std::time::Duration;

use crate::say;
use crate::training::Run;

/// Prints the speed of both backends, and the difference of their losses.
pub(crate) fn show(eager: &Run, compiled: &Run) {
    say!("Training with both backends, from the same start:");
    say!();
    say!("  backend   per step       fastest   last loss");
    say!("  ─────────────────────────────────────────────────────────");
    for (name, run) in [("eager", eager), ("compiled", compiled)] {
        let [median, fastest] = [median(run), run.times[0]].map(|time| format!("{:.3} ms", 1e3 * time.as_secs_f64()));
        say!("  {name:8} {median:>9}   {fastest:>11}   {}", run.loss());
    }
    say!();
    say!(
        "  eager     records {} nodes per step and sweeps back: {:.0} million nodes per second",
        eager.nodes,
        1e-6 * eager.nodes as f64 / median(eager).as_secs_f64(),
    );
    say!("  compiled  runs a program of {} instructions at all points, on all cores;", compiled.instructions);
    say!("            it was compiled in {:.1} ms", 1e3 * compiled.start.as_secs_f64());
    say!();
    say!(
        "A compiled step is {:.1} times as fast. The losses agree to within {:.0e}.",
        median(eager).as_secs_f64() / median(compiled).as_secs_f64(),
        apart(&eager.losses, &compiled.losses),
    );
    say!();
}

/// The median time of a step; never 0, so that it can be divided by.
fn median(run: &Run) -> Duration {
    run.times[run.times.len() / 2].max(Duration::from_nanos(1))
}

/// The largest difference; NaN where just one of two losses is NaN.
fn apart(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).fold(0.0, |most: f64, (&a, &b)| {
        let same = a == b || (a.is_nan() && b.is_nan());
        let off = if same { 0.0 } else { (a - b).abs() };
        if most.is_nan() || off <= most { most } else { off }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_differ_by_the_largest_difference_of_their_losses() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        assert_eq!(apart(&[1.0, 2.0, 3.0], &[1.5, 1.0, 3.0]), 1.0);
        assert_eq!(apart(&[inf, nan, 1.0], &[inf, nan, 1.0]), 0.0);
        assert!(apart(&[1.0, nan, 1.0], &[1.0, 5.0, 9.0]).is_nan());
    }
}
