//! Wrong lengths, wrong closures.

use wengert::Graph;
use wengert_solve::{Error, Nlp, Objective, Ode, Shape, System, Triangle};

#[track_caller]
fn length<T: std::fmt::Debug>(result: Result<T, Error>, expected: usize, given: usize) {
    match result {
        Err(Error::Length { expected: e, given: g, .. }) => assert_eq!((e, g), (expected, given)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn wrong_lengths_are_refused_and_nothing_is_lost() {
    let mut f = Objective::with_data(|x, data| x[0] * x[1] * data[0], &[1.0, 2.0], &[3.0]).unwrap();
    assert_eq!(f.value(&[1.0, 2.0]).unwrap(), 6.0);
    length(f.value(&[1.0]), 2, 1);
    length(f.gradient(&[1.0, 2.0, 3.0]).map(<[f64]>::to_vec), 2, 3);
    length(f.value_gradient(&[1.0, 2.0], &mut [0.0]), 2, 1);
    length(f.hvp(&[1.0, 2.0], &[1.0], &mut [0.0; 2]), 2, 1);
    length(f.hvp(&[1.0, 2.0], &[1.0; 2], &mut [0.0]), 2, 1);
    length(f.set_data(&[1.0, 2.0]), 1, 2);
    length(f.explain_nan(&[1.0]), 2, 1);
    length(f.visit(&[1.0]), 2, 1);
    assert_eq!((f.value(&[1.0, 2.0]).unwrap(), f.evaluations()), (6.0, 1));

    let mut f = System::new(|x| vec![x[0], x[1], x[0]], &[1.0, 2.0]).unwrap();
    length(f.values(&[]).map(<[f64]>::to_vec), 2, 0);
    length(f.jacobian_into(&[1.0, 2.0], &mut [0.0; 5]), 6, 5);
    length(f.jvp(&[1.0, 2.0], &[1.0; 3], &mut [0.0; 3]), 2, 3);
    length(f.vjp(&[1.0, 2.0], &[1.0; 2], &mut [0.0; 2]), 3, 2);

    let mut nlp = Nlp::new(|x| (x[0], vec![x[1]]), &[1.0, 2.0]).unwrap();
    length(nlp.hessian(&[1.0, 2.0], 1.0, &[], Triangle::Both).map(|_| ()), 1, 0);

    length(Ode::new(|_, y, _| vec![y[0]], &[1.0, 2.0], &[]), 2, 1);
    let mut ode = Ode::new(|_, y, p| vec![y[0] * p[0]], &[1.0], &[1.0]).unwrap();
    length(ode.rhs(0.0, &[1.0, 2.0]).map(<[f64]>::to_vec), 2, 3);
    length(ode.parameter_jvp(0.0, &[1.0], &[], &mut [0.0]), 1, 0);
}

#[test]
fn another_number_of_outputs_on_another_branch_is_an_error() {
    let mut f = System::new(|x| if x[0] < 0.0 { vec![x[0]] } else { vec![x[0], x[0]] }, &[1.0]).unwrap();
    assert_eq!(f.values(&[2.0]).unwrap(), [2.0, 2.0]);
    assert!(matches!(f.values(&[-2.0]), Err(Error::Outputs { expected: 2, given: 1 })));
    assert_eq!(f.values(&[3.0]).unwrap(), [3.0, 3.0]);
}

#[test]
fn an_expression_of_another_graph_is_an_error() {
    // `Graph` is not `Sync`, so the closure makes the other graph.
    let made = Objective::new(|_| Box::leak(Box::new(Graph::new())).var(1.0), &[1.0]);
    assert!(matches!(made, Err(Error::Program(_))), "{made:?}");
}
