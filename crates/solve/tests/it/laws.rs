//! Whatever is asked for, in whatever order, the numbers are those of the engine's own functions.

use proptest::prelude::*;
use wengert::{Expr, Graph, Sparse};
use wengert_solve::{Nlp, Objective, Ode, Order, Shape, System, Triangle};

/// Four branches, of polynomials: all routes compute the same bits.
fn energy<'g>(x: &[Expr<'g>]) -> Expr<'g> {
    let pair = if x[0] < x[1] { x[0] * x[1] - x[2].powi(3) } else { (x[0] - x[1]).powi(2) };
    if x[2] > 0.0 { pair * x[2] } else { pair + x[0].powi(2) * x[1] }
}

fn residuals<'g>(x: &[Expr<'g>], data: &[Expr<'g>]) -> Vec<Expr<'g>> {
    let first = if x[0] < data[0] { x[0] * data[1] } else { x[1].powi(2) };
    vec![first, x[2] * x[0], data[1] - x[1]]
}

fn point() -> impl Strategy<Value = [f64; 3]> {
    // Few values, so that points and ties recur.
    prop::array::uniform3(prop::sample::select(vec![-2.5, -1.0, 0.0, 1.0, 1.5, 3.0]))
}

fn dense(matrix: &Sparse) -> Vec<Vec<f64>> {
    matrix.to_dense()
}

proptest! {
    #[test]
    fn an_objective_gives_what_the_closure_functions_give(
        calls in prop::collection::vec((point(), 0..4_u8), 1..40),
        keep in 1..5_usize,
    ) {
        let mut f = Objective::new(energy, &[0.0; 3]).unwrap().keep_branches(keep);
        for (x, what) in calls {
            let (value, gradient, hessian) = wengert::value_gradient_hessian(energy, &x);
            match what {
                0 => prop_assert_eq!(f.value(&x).unwrap(), value),
                1 => prop_assert_eq!(f.gradient(&x).unwrap(), gradient),
                2 => prop_assert_eq!(dense(f.hessian(&x).unwrap()), hessian),
                _ => {
                    let (vector, mut product) = ([1.0, -2.0, 0.5], [0.0; 3]);
                    f.hvp(&x, &vector, &mut product).unwrap();
                    prop_assert_eq!(product.to_vec(), wengert::hvp(energy, &x, &vector));
                }
            }
            prop_assert!(f.branches() <= keep);
        }
    }

    #[test]
    fn a_system_gives_what_the_closure_functions_give(
        calls in prop::collection::vec((point(), point(), 0..4_u8), 1..40),
    ) {
        let mut f = System::with_data(residuals, &[0.0; 3], &[0.0; 2]).unwrap();
        for (x, data, what) in calls {
            f.set_data(&data[..2]).unwrap();
            let g = Graph::new();
            let (xs, ds) = (g.leaves(&x), g.leaves(&data[..2]));
            let outputs: Vec<_> = residuals(&g.exprs(&xs), &g.exprs(&ds)).into_iter().map(|y| y.id()).collect();
            let values: Vec<f64> = outputs.iter().map(|&y| g.value(y)).collect();
            let jacobian = g.jacobian(&outputs, &xs);
            let (vector, mut product) = ([1.0, -2.0, 0.5], [0.0; 3]);
            let seeds = |nodes: &[_]| -> Vec<_> { nodes.iter().copied().zip(vector).collect() };
            match what {
                0 => prop_assert_eq!(f.values(&x).unwrap(), values),
                1 => {
                    prop_assert_eq!(dense(f.jacobian(&x).unwrap()), jacobian.clone());
                    let mut columns = [0.0; 9];
                    f.jacobian_into(&x, &mut columns).unwrap();
                    let expected: Vec<f64> = (0..9).map(|k| jacobian[k % 3][k / 3]).collect();
                    prop_assert_eq!(columns.to_vec(), expected);
                }
                2 => {
                    f.jvp(&x, &vector, &mut product).unwrap();
                    prop_assert_eq!(product.to_vec(), g.jvp(&seeds(&xs), &outputs));
                }
                _ => {
                    f.vjp(&x, &vector, &mut product).unwrap();
                    prop_assert_eq!(product.to_vec(), g.vjp(&seeds(&outputs), &xs));
                }
            }
        }
    }

    #[test]
    fn a_nonlinear_program_gives_what_the_closure_functions_give(
        calls in prop::collection::vec((point(), -2..3_i8, 0..5_u8), 1..30),
    ) {
        fn at<'g>(x: &[Expr<'g>]) -> Vec<Expr<'g>> {
            residuals(x, &[Expr::constant(1.0), Expr::constant(2.0)])
        }
        let mut nlp = Nlp::new(|x| (energy(x), at(x)), &[0.0; 3]).unwrap();
        for (x, sigma, what) in calls {
            let sigma = f64::from(sigma);
            match what {
                0 => prop_assert_eq!(nlp.objective(&x).unwrap(), wengert::value_and_gradient(energy, &x).0),
                1 => prop_assert_eq!(nlp.gradient(&x).unwrap(), wengert::gradient(energy, &x)),
                2 => prop_assert_eq!(nlp.constraints(&x).unwrap(), wengert::value_and_jacobian(at, &x).0),
                3 => prop_assert_eq!(dense(nlp.jacobian(&x).unwrap()), wengert::jacobian(at, &x)),
                _ => {
                    let multipliers = [1.0, -0.5, 3.0];
                    let expected = wengert::hessian(
                        |x| {
                            let g = at(x);
                            energy(x) * sigma + g[0] * multipliers[0] + g[1] * multipliers[1] + g[2] * multipliers[2]
                        },
                        &x,
                    );
                    let [lower, upper, both] = [Triangle::Lower, Triangle::Upper, Triangle::Both].map(|triangle| {
                        dense(nlp.hessian(&x, sigma, &multipliers, triangle).unwrap())
                    });
                    for row in 0..3 {
                        for col in 0..3 {
                            let entry = expected[row][col];
                            prop_assert!((both[row][col] - entry).abs() <= 1e-13 * (1.0 + entry.abs()));
                            prop_assert_eq!(lower[row][col], if row >= col { both[row][col] } else { 0.0 });
                            prop_assert_eq!(upper[row][col], if row <= col { both[row][col] } else { 0.0 });
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_point_costs_one_evaluation_whatever_is_asked_for_there() {
    let mut f = Objective::new(energy, &[0.0; 3]).unwrap();
    f.gradient(&[1.0, 2.0, 3.0]).unwrap();
    f.value(&[1.0, 2.0, 3.0]).unwrap();
    assert_eq!(f.evaluations(), 1);
    // The first call for a higher order evaluates once more.
    f.hessian(&[1.0, 2.0, 3.0]).unwrap();
    assert_eq!(f.evaluations(), 2);
    for (points, x) in [[1.0, 2.0, 4.0], [1.0, 3.0, 4.0], [2.0, 1.0, 4.0]].iter().enumerate() {
        f.value(x).unwrap();
        f.hessian(x).unwrap();
        f.gradient(x).unwrap();
        assert_eq!(f.evaluations(), 3 + points);
    }

    let mut nlp = Nlp::new(|x| (energy(x), vec![x[0]]), &[0.0; 3]).unwrap().with_derivatives();
    let x = [1.0, 2.0, 3.0];
    nlp.objective(&x).unwrap();
    nlp.constraints(&x).unwrap();
    nlp.gradient(&x).unwrap();
    nlp.jacobian(&x).unwrap();
    nlp.hessian(&x, 1.0, &[1.0], Triangle::Lower).unwrap();
    assert_eq!((nlp.evaluations(), nlp.products()), (1, 1));
    // The Hessian left what is known at the point.
    nlp.gradient(&x).unwrap();
    assert_eq!(nlp.evaluations(), 1);
}

#[test]
fn a_zero_of_the_other_sign_is_another_point() {
    let mut f = Objective::new(|x| 1.0 / x[0], &[1.0]).unwrap();
    assert_eq!([0.0, -0.0].map(|x| f.value(&[x]).unwrap()), [f64::INFINITY, f64::NEG_INFINITY]);
}

#[test]
fn data_of_the_same_bits_cost_no_evaluation() {
    let mut f = Objective::with_data(|x, data| x[0] / data[0], &[1.0], &[0.0]).unwrap();
    for (data, value, evaluations) in [(0.0, f64::INFINITY, 1), (0.0, f64::INFINITY, 1), (-0.0, f64::NEG_INFINITY, 2)] {
        f.set_data(&[data]).unwrap();
        assert_eq!((f.value(&[1.0]).unwrap(), f.evaluations()), (value, evaluations));
    }
}

#[test]
fn a_product_elsewhere_does_not_change_what_is_given_at_a_point() {
    let mut f = Objective::new(|x| x[0].powi(3), &[1.0]).unwrap();
    assert_eq!(f.gradient(&[1.0]).unwrap(), [3.0]);
    let mut product = [0.0];
    f.hvp(&[2.0], &[1.0], &mut product).unwrap();
    assert_eq!(product, [12.0]);
    assert_eq!(f.gradient(&[1.0]).unwrap(), [3.0]);
    assert_eq!(f.gradient(&[2.0]).unwrap(), [12.0]);
}

#[test]
fn an_output_that_is_given_twice_counts_twice() {
    let mut f = System::new(|x| vec![x[0] * x[1]; 2], &[1.0, 1.0]).unwrap();
    assert_eq!(f.jacobian(&[2.0, 3.0]).unwrap().to_dense(), [[3.0, 2.0], [3.0, 2.0]]);
    let mut product = [0.0; 2];
    f.vjp(&[2.0, 3.0], &[1.0, 10.0], &mut product).unwrap();
    assert_eq!(product, [33.0, 22.0]);
    f.jvp(&[2.0, 3.0], &[1.0, 10.0], &mut product).unwrap();
    assert_eq!(product, [23.0, 23.0]);

    let mut nlp = Nlp::new(|x| (x[0] * x[1], vec![x[0] * x[1]; 2]), &[1.0, 1.0]).unwrap();
    let mut twice = Nlp::new(
        |x| {
            let product = x[0] * x[1];
            (product, vec![product; 2])
        },
        &[1.0, 1.0],
    )
    .unwrap();
    for nlp in [&mut nlp, &mut twice] {
        let hessian = nlp.hessian(&[2.0, 3.0], 2.0, &[3.0, 5.0], Triangle::Both).unwrap();
        assert_eq!(hessian.to_dense(), [[0.0, 10.0], [10.0, 0.0]]);
    }
}

#[test]
fn an_order_can_be_wanted_from_the_first_point_on() {
    let mut f = Objective::new(energy, &[0.0; 3]).unwrap().up_to(Order::Hessian);
    f.value(&[1.0, 2.0, 3.0]).unwrap();
    f.hessian(&[1.0, 2.0, 3.0]).unwrap();
    assert_eq!(f.evaluations(), 1);
}

#[test]
fn an_equation_has_jacobians_by_state_and_by_parameters() {
    let mut ode = Ode::new(|t, y, p| vec![y[1] * p[0] + t, y[0].powi(2) * p[1]], &[1.0, 1.0], &[1.0, 1.0]).unwrap();
    ode.set_data(&[2.0, 3.0]).unwrap();
    let y = [5.0, 7.0];
    assert_eq!(ode.rhs(0.5, &y).unwrap(), [14.5, 75.0]);
    assert_eq!(ode.jacobian(0.5, &y).unwrap().to_dense(), [[0.0, 2.0], [30.0, 0.0]]);
    let mut product = [0.0; 2];
    ode.jvp(0.5, &y, &[1.0, 10.0], &mut product).unwrap();
    assert_eq!(product, [20.0, 30.0]);
    ode.vjp(0.5, &y, &[1.0, 10.0], &mut product).unwrap();
    assert_eq!(product, [300.0, 2.0]);
    ode.parameter_jvp(0.5, &y, &[1.0, 10.0], &mut product).unwrap();
    assert_eq!(product, [7.0, 250.0]);
    ode.parameter_vjp(0.5, &y, &[1.0, 10.0], &mut product).unwrap();
    assert_eq!(product, [7.0, 250.0]);
    assert_eq!(ode.parameter_jacobian(0.5, &y).unwrap().to_dense(), [[7.0, 0.0], [0.0, 25.0]]);
    // The time is part of the point.
    assert_eq!(ode.rhs(1.5, &y).unwrap(), [15.5, 75.0]);
}
