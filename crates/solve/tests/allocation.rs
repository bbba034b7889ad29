//! A call at a point whose branch is compiled allocates nothing.

use allocation_counter::measure;
use wengert_solve::{Nlp, Objective, Ode, Shape, System, Triangle};

/// Calls twice, so that memory is taken, and then counts allocations.
#[track_caller]
fn allocates_nothing(mut call: impl FnMut(f64)) {
    call(0.5);
    call(1.5);
    let counted = measure(|| (0..40).for_each(|k| call(f64::from(k))));
    assert_eq!(counted.count_total, 0, "{counted:?}");
}

#[test]
fn an_objective_allocates_nothing_in_a_call_on_a_compiled_branch() {
    let mut f = Objective::with_data(
        |x, data| if x[0] > 20.0 { x[0].exp() * x[1] * data[0] } else { x[0] * x[1].sin() },
        &[1.0, 2.0],
        &[1.0],
    )
    .unwrap();
    f.visit(&[1.0, 2.0]).unwrap();
    f.visit(&[30.0, 2.0]).unwrap();
    let (mut gradient, mut product) = ([0.0; 2], [0.0; 2]);
    allocates_nothing(|k| {
        // Each call takes both branches.
        for x in [[k, 1.0], [k + 30.0, 1.0]] {
            f.value(&x).unwrap();
            f.value_gradient(&x, &mut gradient).unwrap();
            f.hessian(&x).unwrap();
            f.hvp(&x, &[1.0, k], &mut product).unwrap();
            f.set_data(&[k]).unwrap();
        }
    });
}

#[test]
fn a_region_of_nan_allocates_nothing() {
    let mut f = Objective::new(|x| (x[0] - 20.0).ln(), &[1.0]).unwrap();
    let mut gradient = [0.0];
    allocates_nothing(|k| {
        f.value_gradient(&[k], &mut gradient).unwrap();
    });
}

#[test]
fn systems_programs_and_equations_allocate_nothing_in_a_call_on_a_compiled_branch() {
    let mut f = System::new(|x| vec![x[0] * x[1], x[1].sin()], &[1.0, 2.0]).unwrap();
    let (mut dense, mut product) = ([0.0; 4], [0.0; 2]);
    allocates_nothing(|k| {
        let x = [k, 1.0];
        f.values(&x).unwrap();
        f.jacobian_into(&x, &mut dense).unwrap();
        f.jvp(&x, &[1.0, k], &mut product).unwrap();
        f.vjp(&x, &[1.0, k], &mut product).unwrap();
    });

    let mut nlp = Nlp::new(|x| (x[0] * x[1], vec![x[1].sin(), x[0].powi(2)]), &[1.0, 2.0]).unwrap();
    allocates_nothing(|k| {
        let x = [k, 1.0];
        nlp.objective(&x).unwrap();
        nlp.constraints(&x).unwrap();
        nlp.gradient(&x).unwrap();
        nlp.jacobian(&x).unwrap();
        nlp.hessian(&x, 1.0, &[k, 2.0], Triangle::Lower).unwrap();
    });

    let mut ode = Ode::new(|t, y, p| vec![y[1] * t, y[0].sin() * p[0]], &[1.0, 2.0], &[3.0]).unwrap();
    allocates_nothing(|k| {
        let y = [k, 1.0];
        ode.rhs(k, &y).unwrap();
        ode.jacobian(k, &y).unwrap();
        ode.jvp(k, &y, &[1.0, 2.0], &mut product).unwrap();
        ode.vjp(k, &y, &[1.0, 2.0], &mut product).unwrap();
        ode.parameter_jvp(k, &y, &[2.0], &mut product).unwrap();
        ode.parameter_vjp(k, &y, &[1.0, 2.0], &mut product[..1]).unwrap();
    });

    let shared = Objective::new(|x| x[0].sin(), &[1.0]).unwrap().shared();
    allocates_nothing(|k| {
        shared.with(|f| f.gradient(&[k]).unwrap()[0]);
    });
}
