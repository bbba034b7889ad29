//! The chain of the example `chain`: objective, constraints, gradient, Jacobian and Hessian of the Lagrangian at a
//! point.

use std::cell::Cell;
use std::hint::black_box;

use wengert::Expr;
use wengert_solve::{Nlp, Triangle};

use crate::least;

const N: usize = 2000;

fn formula<'g>(x: &[Expr<'g>]) -> (Expr<'g>, Vec<Expr<'g>>) {
    let objective = x.windows(2).map(|x| (x[0].powi(2) - x[1]).powi(2) * 100.0 + (x[0] - 1.0).powi(2)).sum();
    let equation = |x: &[Expr<'g>]| {
        let waves = (x[1] - x[2]).sin() * (x[1] + x[2]).sin();
        x[1].powi(3) * 3.0 + x[2] * 2.0 - 5.0 + waves + x[1] * 4.0 - x[0] * (x[0] - x[1]).exp() - 3.0
    };
    (objective, x.windows(3).map(equation).collect())
}

/// By hand: values, and derivatives of band form.
struct Hand {
    objective: f64,
    constraints: Vec<f64>,
    gradient: Vec<f64>,
    jacobian: Vec<[f64; 3]>,
    diagonal: Vec<f64>,
    below: Vec<f64>,
}

impl Hand {
    fn evaluate(&mut self, x: &[f64], multipliers: &[f64]) {
        self.objective = 0.0;
        self.gradient.fill(0.0);
        self.diagonal.fill(0.0);
        self.below.fill(0.0);
        for k in 0..N - 1 {
            let (u, v) = (x[k], x[k + 1]);
            let a = u * u - v;
            self.objective += 100.0 * a * a + (u - 1.0) * (u - 1.0);
            self.gradient[k] += 400.0 * a * u + 2.0 * (u - 1.0);
            self.gradient[k + 1] -= 200.0 * a;
            self.diagonal[k] += 400.0 * a + 800.0 * u * u + 2.0;
            self.diagonal[k + 1] += 200.0;
            self.below[k] -= 400.0 * u;
        }
        for k in 0..N - 2 {
            let (u, v, w) = (x[k], x[k + 1], x[k + 2]);
            let ((s1, c1), (s2, c2)) = ((v - w).sin_cos(), (v + w).sin_cos());
            let e = (u - v).exp();
            self.constraints[k] = 3.0 * v * v * v + 2.0 * w - 5.0 + s1 * s2 + 4.0 * v - u * e - 3.0;
            self.jacobian[k] = [-(1.0 + u) * e, 9.0 * v * v + c1 * s2 + s1 * c2 + 4.0 + u * e, 2.0 - c1 * s2 + s1 * c2];
            let m = multipliers[k];
            self.diagonal[k] -= m * (2.0 + u) * e;
            self.below[k] += m * (1.0 + u) * e;
            self.diagonal[k + 1] += m * (18.0 * v + 2.0 * (c1 * c2 - s1 * s2) - u * e);
            self.diagonal[k + 2] -= 2.0 * m * (s1 * s2 + c1 * c2);
        }
    }
}

/// Values and first derivatives at a point, by the shape.
fn first_derivatives(nlp: &mut Nlp, x: &[f64]) -> f64 {
    let values = nlp.objective(x).unwrap() + nlp.constraints(x).unwrap()[7];
    values + nlp.gradient(x).unwrap()[7] + nlp.jacobian(x).unwrap().values()[7]
}

/// The Hessian of the Lagrangian at a point, by the shape.
fn second_derivatives(nlp: &mut Nlp, x: &[f64], multipliers: &[f64]) -> f64 {
    nlp.hessian(x, 1.0, multipliers, Triangle::Lower).unwrap().values()[7]
}

pub(crate) fn time() {
    let points: [Vec<f64>; 2] = [0.1, 0.3].map(|by| (0..N).map(|k| (k as f64 * by).sin()).collect());
    let multipliers: Vec<f64> = (0..N - 2).map(|k| (k as f64 * 0.7).cos()).collect();
    let mut nlp = Nlp::new(formula, &points[0]).unwrap().with_derivatives();
    let mut hand = Hand {
        objective: 0.0,
        constraints: vec![0.0; N - 2],
        gradient: vec![0.0; N],
        jacobian: vec![[0.0; 3]; N - 2],
        diagonal: vec![0.0; N],
        below: vec![0.0; N - 1],
    };

    // The same numbers.
    let x = &points[1];
    hand.evaluate(x, &multipliers);
    let same = |a: f64, b: f64| assert!((a - b).abs() <= 1e-11 * (1.0 + b.abs()), "{a} {b}");
    same(nlp.objective(x).unwrap(), hand.objective);
    nlp.constraints(x).unwrap().iter().zip(&hand.constraints).for_each(|(&a, &b)| same(a, b));
    nlp.gradient(x).unwrap().iter().zip(&hand.gradient).for_each(|(&a, &b)| same(a, b));
    let jacobian = nlp.jacobian(x).unwrap();
    jacobian.triplets().for_each(|(row, col, value)| same(value, hand.jacobian[row][col - row]));
    let hessian = nlp.hessian(x, 1.0, &multipliers, Triangle::Lower).unwrap();
    for (row, col, value) in hessian.triplets() {
        match row - col {
            0 => same(value, hand.diagonal[row]),
            1 => same(value, hand.below[col]),
            _ => same(value, 0.0),
        }
    }

    let [mut first, mut second] = [nlp.clone(), nlp.clone()];
    let turns = [const { Cell::new(0) }; 4];
    // Another point at each call.
    let point = |contender: usize| {
        turns[contender].set(turns[contender].get() + 1);
        black_box(&points[turns[contender].get() % 2])
    };
    let [all, first, second, by_hand] = least(
        200,
        10,
        [
            &mut || {
                let x = point(0);
                black_box((first_derivatives(&mut nlp, x), second_derivatives(&mut nlp, x, &multipliers)));
            },
            &mut || _ = black_box(first_derivatives(&mut first, point(1))),
            &mut || _ = black_box(second_derivatives(&mut second, point(2), &multipliers)),
            &mut || {
                hand.evaluate(point(3), &multipliers);
                black_box(&mut hand.objective);
            },
        ],
    )
    .map(|seconds| seconds * 1e6);
    println!("chain of {N}: all callbacks at a point {all:.0} us, by hand {by_hand:.0} us: {:.2} times", all / by_hand);
    println!("  in loops of their own: values and first derivatives {first:.0} us, Hessian {second:.0} us");
}
