//! NaN and infinity.

use wengert_solve::{Error, Nlp, Objective, Ode, Shape, System};

#[test]
fn a_region_of_nan_is_handed_on_and_left_again() {
    let mut f = Objective::new(|x| x[0].ln() + x[1].powi(2), &[1.0, 1.0]).unwrap();
    for _ in 0..20 {
        assert!(f.value(&[-1.0, 2.0]).unwrap().is_nan());
        assert!(f.gradient(&[-1.0, 2.0]).unwrap()[0].is_nan());
        assert_eq!(f.gradient(&[-1.0, 2.0]).unwrap()[1], 4.0);
        assert_eq!(f.value(&[1.0, 2.0]).unwrap(), 4.0);
        assert_eq!(f.hessian(&[1.0, 2.0]).unwrap().to_dense(), [[-1.0, 0.0], [0.0, 2.0]]);
    }
    // The same branch: nothing was compared.
    assert_eq!(f.branches(), 1);
}

#[test]
fn variables_that_are_nan_or_infinite_give_what_the_formula_gives() {
    let mut f = Objective::new(|x| if x[0] < 1.0 { x[0] } else { 1.0 / x[0] }, &[0.0]).unwrap();
    assert!(f.value(&[f64::NAN]).unwrap().is_nan());
    assert_eq!(f.value(&[f64::INFINITY]).unwrap(), 0.0);
    assert_eq!(f.value(&[0.5]).unwrap(), 0.5);
    // The same NaN is the same point.
    let evaluations = f.evaluations();
    f.value(&[f64::NAN]).unwrap();
    f.value(&[f64::NAN]).unwrap();
    assert_eq!(f.evaluations(), evaluations + 1);
}

#[test]
fn the_error_names_where_a_nan_was_born() {
    let f = Objective::new(|x| (x[0].named("variance").sqrt() * x[1]).named("scale") + 1.0, &[1.0, 1.0]).unwrap();
    let error = f.check_finite(&[-1.0, 1.0]).unwrap_err();
    assert!(matches!(error, Error::NotFinite { output: 0, .. }));
    assert!(error.to_string().contains("\"variance\" = -1"), "{error}");
    // Only the derivative is infinite.
    let error = f.check_finite(&[0.0, 1.0]).unwrap_err();
    assert!(error.to_string().contains("variance"), "{error}");
    f.check_finite(&[1.0, 1.0]).unwrap();

    let f = System::new(|x| vec![x[0], x[0].ln()], &[1.0]).unwrap();
    assert!(matches!(f.check_finite(&[0.0]), Err(Error::NotFinite { output: 1, .. })));
    let nlp = Nlp::new(|x| (x[0], vec![x[0], 1.0 / x[0]]), &[1.0]).unwrap();
    assert!(matches!(nlp.check_finite(&[0.0]), Err(Error::NotFinite { output: 2, .. })));
    let ode = Ode::new(|t, y, p| vec![y[0] * p[0] / t], &[1.0], &[1.0]);
    assert!(matches!(ode.unwrap().check_finite(&[0.0, 1.0]), Err(Error::NotFinite { output: 0, .. })));
}

#[test]
fn a_start_where_the_formula_is_nan_is_no_obstacle() {
    let mut f = Objective::new(|x| x[0].ln(), &[-1.0]).unwrap();
    assert_eq!(f.gradient(&[2.0]).unwrap(), [0.5]);
}
