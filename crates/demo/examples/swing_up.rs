//! Optimal control: a pendulum hangs, and weak torques swing it up until it stands. The torque of each step is an input, and
//! the gradient with respect to all of them comes from one sweep.

use wengert_nn::{Adam, Optimizer};
use wengert_scan::{Error, Keep, Scan, Workspace};

const STEPS: usize = 160;
const LENGTH: f64 = 0.03;
/// The largest torque: less than the 9.81 that would hold it at the side.
const MOST: f64 = 6.0;

pub(crate) fn main() -> Result<(), Error> {
    let scan = Scan::new(&[0.0, 0.0, 0.0], &[], &[0.1], |s, _, x| {
        let torque = x[0].tanh() * MOST;
        let rate = s[1] + (torque - s[0].sin() * 9.81) * LENGTH;
        let angle = s[0] + rate * LENGTH;
        // It counts how far from upright it is, and how fast, most of all at the end.
        let weight = (s[2] * (1.0 / STEPS as f64)).powi(16);
        let loss = weight * ((angle.cos() + 1.0) * 10.0 + rate * rate * 0.2) + torque * torque * 1e-4;
        (vec![angle, rate, s[2] + 1.0], loss)
    })?;
    let mut torques: Vec<f64> = (0..STEPS).map(|k| 0.3 * (0.1 * k as f64).cos()).collect();

    let mut workspace = Workspace::new();
    let mut optimizer = Adam::new(0.01);
    let (mut losses, mut best) = (Vec::new(), (f64::INFINITY, torques.clone()));
    for _ in 0..2000 {
        let start = [0.0; 3];
        let gradient = scan.value_and_gradient(STEPS, &start, &[], &torques, Keep::Sqrt, &mut workspace)?;
        losses.push(gradient.value);
        // The last steps jump about the minimum.
        if gradient.value < best.0 {
            best = (gradient.value, torques.clone());
        }
        optimizer.try_step(&mut torques, &gradient.inputs).expect("derivatives are finite");
    }
    let torques = best.1;
    let end = scan.value(STEPS, &[0.0; 3], &[], &torques, &mut workspace)?.end;
    println!("the loss\n{}", wengert_viz::terminal_chart(&losses, 70, 8));
    let applied: Vec<f64> = torques.iter().map(|x| MOST * x.tanh()).collect();
    println!("the torque over time\n{}", wengert_viz::terminal_chart(&applied, 70, 8));
    println!("it ends at the angle {:.4} with the rate {:.4}", end[0], end[1]);
    assert!(end[0].cos() < -0.99 && end[1].abs() < 0.3, "{end:?}");
    Ok(())
}
