//! Nothing at all: no variables, no outputs, no entries.

use wengert::Expr;
use wengert_solve::{Nlp, Objective, Ode, System, Triangle};

#[test]
fn an_objective_without_variables_is_a_constant() {
    let mut f = Objective::new(|_| Expr::constant(3.0), &[]).unwrap();
    assert_eq!(f.value(&[]).unwrap(), 3.0);
    assert_eq!(f.gradient(&[]).unwrap(), [0.0; 0]);
    let hessian = f.hessian(&[]).unwrap();
    assert_eq!((hessian.rows(), hessian.cols()), (0, 0));
    f.hvp(&[], &[], &mut []).unwrap();
}

#[test]
fn a_constant_of_some_variables_has_derivatives_of_zero() {
    let mut f = Objective::new(|_| Expr::constant(3.0), &[1.0, 2.0]).unwrap();
    assert_eq!(f.gradient(&[5.0, 6.0]).unwrap(), [0.0, 0.0]);
    let hessian = f.hessian(&[5.0, 6.0]).unwrap();
    assert_eq!((hessian.rows(), hessian.cols(), hessian.pattern().len()), (2, 2, 0));
    let mut product = [1.0; 2];
    f.hvp(&[5.0, 6.0], &[1.0, 1.0], &mut product).unwrap();
    assert_eq!(product, [0.0, 0.0]);
}

#[test]
fn a_system_without_outputs_or_variables_is_empty() {
    let mut f = System::new(|_| Vec::new(), &[1.0, 2.0]).unwrap();
    assert_eq!(f.values(&[3.0, 4.0]).unwrap(), [0.0; 0]);
    let jacobian = f.jacobian(&[3.0, 4.0]).unwrap();
    assert_eq!((jacobian.rows(), jacobian.cols()), (0, 2));
    f.jvp(&[3.0, 4.0], &[1.0, 1.0], &mut []).unwrap();
    let mut product = [1.0; 2];
    f.vjp(&[3.0, 4.0], &[], &mut product).unwrap();
    assert_eq!(product, [0.0, 0.0]);

    let mut f = System::new(|_| vec![Expr::constant(7.0)], &[]).unwrap();
    assert_eq!(f.values(&[]).unwrap(), [7.0]);
    let jacobian = f.jacobian(&[]).unwrap();
    assert_eq!((jacobian.rows(), jacobian.cols()), (1, 0));
}

#[test]
fn a_nonlinear_program_may_have_no_constraints() {
    let mut nlp = Nlp::new(|x| (x[0].powi(2), Vec::new()), &[1.0]).unwrap();
    assert_eq!(nlp.constraints(&[3.0]).unwrap(), [0.0; 0]);
    assert_eq!(nlp.gradient(&[3.0]).unwrap(), [6.0]);
    let jacobian = nlp.jacobian(&[3.0]).unwrap();
    assert_eq!((jacobian.rows(), jacobian.cols()), (0, 1));
    assert_eq!(nlp.hessian(&[3.0], 2.0, &[], Triangle::Upper).unwrap().to_dense(), [[4.0]]);
}

#[test]
fn an_equation_may_have_no_parameters_and_no_state() {
    let mut ode = Ode::new(|_, y, _| vec![-y[0]], &[1.0], &[]).unwrap();
    let mut product = [1.0];
    ode.parameter_jvp(0.0, &[2.0], &[], &mut product).unwrap();
    assert_eq!(product, [0.0]);
    ode.parameter_vjp(0.0, &[2.0], &[1.0], &mut []).unwrap();

    let mut ode = Ode::new(|_, _, _| Vec::new(), &[], &[]).unwrap();
    assert_eq!(ode.rhs(1.0, &[]).unwrap(), [0.0; 0]);
    assert_eq!(ode.jacobian(1.0, &[]).unwrap().rows(), 0);
}
