//! The log-density of eight schools (Rubin 1981) with its gradient, as the example `eight_schools` of nuts-rs has it.

use std::hint::black_box;

use wengert_solve::{Objective, Order};

use crate::least;

const EFFECT: [f64; 8] = [28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0];
const ERROR: [f64; 8] = [15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0];

pub(crate) fn time() {
    let density = Objective::new(
        |x| {
            let (mu, tau, standard) = (x[0], x[1].exp(), &x[2..]);
            let mut log_density = (mu / 5.0).powi(2) * -0.5 - ((tau / 5.0).powi(2) + 1.0).ln() + x[1];
            for ((&effect, &error), &z) in EFFECT.iter().zip(&ERROR).zip(standard) {
                log_density -= z.powi(2) * 0.5 + ((mu + tau * z - effect) / error).powi(2) * 0.5;
            }
            log_density
        },
        &[0.0; 10],
    );
    let mut density = density.unwrap().up_to(Order::Gradient);
    let (mut x, mut gradient) = ([0.1; 10], [0.0; 10]);
    let [seconds] = least(
        200,
        10_000,
        [&mut || {
            x[0] += 1e-6;
            black_box(density.value_gradient(&x, &mut gradient).unwrap());
        }],
    );
    println!("eight schools: {:.2} million gradients a second", 1e-6 / seconds);
}
