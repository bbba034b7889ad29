//! An inverse problem: from the shape of a wave at the end, how viscous the fluid is and how high the wave was. Burgers'
//! equation on a ring of cells; Newton's method, with a progress bar.

use std::{ops::ControlFlow, time::Duration};

use indicatif::ProgressBar;
use wengert::Real;
use wengert_scan::{Direction, Error, Keep, Losses, Scan, Settings, Workspace};

const CELLS: usize = 64;
const STEPS: usize = 2000;

fn step<T: Real>(u: &[T], viscosity: T) -> Vec<T> {
    let cell = |i: usize| {
        let (left, here, right) = (u[(i + CELLS - 1) % CELLS], u[i], u[(i + 1) % CELLS]);
        here - (right * right - left * left) * 0.02 + viscosity * (right - here * 2.0 + left)
    };
    (0..CELLS).map(cell).collect()
}

fn wave(height: f64) -> Vec<f64> {
    (0..CELLS).map(|i| height * (std::f64::consts::TAU * i as f64 / CELLS as f64).sin()).collect()
}

pub(crate) fn main() -> Result<(), Error> {
    let (viscosity, height, shape) = (0.15, 0.8, wave(1.0));
    let seen = (0..STEPS).fold(wave(height), |u, _| step(&u, viscosity));

    let scan = Scan::with(Settings::new().losses(Losses::Last), &shape, &[0.1], &[], |u, p, _| {
        let next = step(u, p[0]);
        let misfit = next.iter().zip(&seen).map(|(&u, &seen)| (u - seen).powi(2)).reduce(|sum, x| sum + x);
        (next, misfit.expect("there are cells"))
    })?;
    let bar = ProgressBar::new(2 * STEPS as u64);
    let moved = bar.clone();
    let mut workspace = Workspace::new().on_progress(Duration::from_millis(100), move |progress| {
        moved.set_position((progress.forward + progress.back) as u64);
        ControlFlow::Continue(())
    });

    let (mut p, mut h) = (0.13, 0.75);
    for round in 0..12 {
        let state = wave(h);
        let mut along = |state_along: &[f64], p_along: &[f64]| {
            let along = Direction { state: state_along, params: p_along, inputs: &[] };
            scan.hvp(STEPS, &state, &[p], (), along, Keep::Snapshots(12), &mut workspace)
        };
        let (by_p, by_h) = (along(&[], &[1.0])?, along(&shape, &[])?);
        let dot = |a: &[f64]| a.iter().zip(&shape).map(|(a, b)| a * b).sum::<f64>();
        let [a, b, c, d] = [by_p.params[0], dot(&by_p.state), by_h.params[0], dot(&by_h.state)];
        println!("{round:>2}  misfit {:9.2e}  viscosity {p:.9}  height {h:.9}", by_p.gradient.value);
        let [slope_p, slope_h] = [by_p.tangent, by_h.tangent];
        p -= (d * slope_p - b * slope_h) / (a * d - b * c);
        h -= (a * slope_h - c * slope_p) / (a * d - b * c);
    }
    bar.finish_and_clear();
    assert!((p - viscosity).abs() < 1e-8 && (h - height).abs() < 1e-7, "{p} {h}");
    Ok(())
}
