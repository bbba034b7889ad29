//! NIST's regression `Thurber` by Levenberg and Marquardt's method, beside a problem whose Jacobian is written by hand.

use std::hint::black_box;

use levenberg_marquardt::{LeastSquaresProblem, LevenbergMarquardt};
use nalgebra::storage::Owned;
use nalgebra::{DMatrix, DVector, Dyn};
use wengert_levenberg_marquardt::LeastSquares;
use wengert_solve::System;

use crate::least;

struct Hand {
    y_x: Vec<[f64; 2]>,
    b: DVector<f64>,
}

impl Hand {
    /// Numerator and denominator of the model.
    fn parts(&self, x: f64) -> (f64, f64) {
        let b = &self.b;
        let (x2, x3) = (x * x, x * x * x);
        (b[0] + b[1] * x + b[2] * x2 + b[3] * x3, 1.0 + b[4] * x + b[5] * x2 + b[6] * x3)
    }
}

impl LeastSquaresProblem<f64, Dyn, Dyn> for Hand {
    type ResidualStorage = Owned<f64, Dyn>;
    type JacobianStorage = Owned<f64, Dyn, Dyn>;
    type ParameterStorage = Owned<f64, Dyn>;

    fn set_params(&mut self, b: &DVector<f64>) {
        self.b.copy_from(b);
    }

    fn params(&self) -> DVector<f64> {
        self.b.clone()
    }

    fn residuals(&self) -> Option<DVector<f64>> {
        let residual = |&[y, x]: &[f64; 2]| {
            let (above, below) = self.parts(x);
            above / below - y
        };
        Some(DVector::from_iterator(self.y_x.len(), self.y_x.iter().map(residual)))
    }

    fn jacobian(&self) -> Option<DMatrix<f64>> {
        let mut jacobian = DMatrix::zeros(self.y_x.len(), 7);
        for (row, &[_, x]) in self.y_x.iter().enumerate() {
            let (above, below) = self.parts(x);
            let (inverse, slope) = (1.0 / below, -above / (below * below));
            let powers = [1.0, x, x * x, x * x * x];
            (0..4).for_each(|k| jacobian[(row, k)] = powers[k] * inverse);
            (4..7).for_each(|k| jacobian[(row, k)] = powers[k - 3] * slope);
        }
        Some(jacobian)
    }
}

pub(crate) fn time() {
    let sets: serde_json::Value =
        serde_json::from_str(include_str!("../../levenberg-marquardt/data/nist.json")).unwrap();
    let set = &sets["Thurber"];
    let y_x: Vec<[f64; 2]> = serde_json::from_value(set["y_x"].clone()).unwrap();
    let start: Vec<f64> = serde_json::from_value(set["start2"].clone()).unwrap();
    let make = || {
        let y_x = y_x.clone();
        System::new(
            move |b| {
                y_x.iter()
                    .map(|&[y, x]| {
                        let (x2, x3) = (x * x, x * x * x);
                        (b[0] + b[1] * x + b[2] * x2 + b[3] * x3) / (b[4] * x + b[5] * x2 + b[6] * x3 + 1.0) - y
                    })
                    .collect()
            },
            &start,
        )
        .unwrap()
    };
    let made = LeastSquares::new(make(), &start).unwrap().into_system();
    let solver = || LevenbergMarquardt::new().with_patience(100);
    let hand = || Hand { y_x: y_x.clone(), b: DVector::from_column_slice(&start) };
    let fit = |system: System| solver().minimize(LeastSquares::new(system, &start).unwrap());
    let (a, b) = (fit(made.clone()).1, solver().minimize(hand()).1);
    let [shape, with_compiling, by_hand] = least(
        100,
        5,
        [&mut || drop(black_box(fit(made.clone()))), &mut || drop(black_box(fit(make()))), &mut || {
            drop(black_box(solver().minimize(hand())))
        }],
    );
    println!(
        "Thurber: a fit of {} points {:.0} us, {:.0} us with recording and compiling, by hand of {} points {:.0} us: \
         {:.2} and {:.2} times",
        a.number_of_evaluations,
        shape * 1e6,
        with_compiling * 1e6,
        b.number_of_evaluations,
        by_hand * 1e6,
        shape / by_hand,
        with_compiling / by_hand
    );
}
