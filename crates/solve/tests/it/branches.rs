//! Formulas that branch.

use std::sync::Arc;

use wengert::{Expr, External, Scalar};
use wengert_program::{Options, Program, Workspace};
use wengert_solve::{Error, Nlp, Objective, Shape, System, Triangle};

#[test]
fn a_branch_that_was_forgotten_is_recorded_again() {
    let mut f = Objective::new(|x| if x[0] < 0.0 { -x[0] } else { x[0].powi(2) }, &[1.0]).unwrap().keep_branches(2);
    for x in [1.0, -1.0, 2.0, -2.0] {
        f.value(&[x]).unwrap();
    }
    assert_eq!((f.recordings(), f.branches()), (2, 2));
    // The one that was used last stays.
    let mut one = f.clone().keep_branches(0);
    assert_eq!(one.branches(), 1);
    assert_eq!(one.value(&[-5.0]).unwrap(), 5.0);
    assert_eq!(one.recordings(), 2);
    assert_eq!(one.value(&[3.0]).unwrap(), 9.0);
    assert_eq!(one.value(&[-3.0]).unwrap(), 3.0);
}

#[test]
fn of_many_branches_those_used_last_are_kept() {
    let mut f = Objective::new(
        |x| {
            let mut k = 0;
            while x[0] > f64::from(k) {
                k += 1;
            }
            x[0] * f64::from(k)
        },
        &[0.0],
    )
    .unwrap();
    for k in 0..40 {
        let x = f64::from(k) - 0.5;
        assert_eq!(f.value(&[x]).unwrap(), x * f64::from(k));
    }
    assert_eq!(f.branches(), 16);
    let recordings = f.recordings();
    f.value(&[30.5]).unwrap();
    assert_eq!(f.recordings(), recordings);
    f.value(&[3.5]).unwrap();
    assert_eq!(f.recordings(), recordings + 1);
}

#[test]
fn a_pattern_gains_the_entries_of_each_branch_and_keeps_them() {
    let mut f = System::new(
        |x| if x[0] < 0.0 { vec![x[1].powi(2), x[2] * 3.0] } else { vec![x[0] * x[1], x[1]] },
        &[1.0, 1.0, 1.0],
    )
    .unwrap();
    assert_eq!(f.jacobian(&[2.0, 3.0, 5.0]).unwrap().pattern().len(), 3);
    let matrix = f.jacobian(&[-2.0, 3.0, 5.0]).unwrap();
    assert_eq!(matrix.pattern().len(), 4);
    assert_eq!(matrix.to_dense(), [[0.0, 6.0, 0.0], [0.0, 0.0, 3.0]]);
    // Entries that this branch lacks are 0, not those of the other branch.
    assert_eq!(f.jacobian(&[2.0, 3.0, 5.0]).unwrap().to_dense(), [[3.0, 2.0, 0.0], [0.0, 1.0, 0.0]]);
}

#[test]
fn a_fixed_pattern_refuses_an_entry_of_a_new_branch() {
    let new = || {
        Nlp::new(
            |x| {
                let constraint = if x[0] < 0.0 { x[1].powi(2) } else { x[0] };
                (x[0] + x[1], vec![constraint])
            },
            &[1.0, 1.0],
        )
        .unwrap()
    };
    let mut nlp = new();
    nlp.jacobian(&[1.0, 1.0]).unwrap();
    nlp.fix_patterns();
    let error = nlp.jacobian(&[-1.0, 1.0]).unwrap_err();
    assert!(matches!(error, Error::NewEntry { row: 0, col: 1 }), "{error}");
    assert!(error.to_string().contains("Shape::visit"));
    // It can be used as before.
    assert_eq!(nlp.jacobian(&[2.0, 1.0]).unwrap().to_dense(), [[1.0, 0.0]]);

    let mut nlp = new();
    for x in [[1.0, 1.0], [-1.0, 1.0]] {
        nlp.visit(&x).unwrap();
    }
    let recordings = nlp.recordings();
    nlp.fix_patterns();
    assert_eq!(nlp.jacobian(&[-1.0, 4.0]).unwrap().to_dense(), [[0.0, 8.0]]);
    assert_eq!(nlp.hessian(&[-1.0, 4.0], 1.0, &[1.0], Triangle::Lower).unwrap().get(1, 1), 2.0);
    nlp.visit(&[-3.0, 1.0]).unwrap();
    assert_eq!(nlp.recordings(), recordings);
}

/// A point where a kernel of programs and the scalar function `exp` differ in the last bit, and the larger of the two.
fn nearly_equal() -> (f64, f64) {
    let program = Program::from_fn(&[1.0], |x| vec![x[0].exp()], &Options::new()).unwrap();
    let (mut out, mut workspace) = ([0.0], Workspace::new());
    let mut differs = |x: f64| {
        program.eval(&[x], &mut out, &mut workspace).unwrap();
        (out[0] != Scalar::exp(x)).then_some((x, out[0]))
    };
    let found = (1..1_000_000).find_map(|k| differs(f64::from(k) * 1e-5));
    let (x, by_program) = found.expect("they differ somewhere");
    (x, Scalar::exp(x).max(by_program))
}

#[test]
fn a_comparison_of_numbers_that_are_nearly_equal_takes_the_branch_of_the_recording() {
    let (x, bound) = nearly_equal();
    let mut f = Objective::new(move |x| if x[0].exp() < bound { x[0] } else { -x[0] }, &[x]).unwrap();
    let expected = if Scalar::exp(x) < bound { x } else { -x };
    assert_eq!(f.value(&[x]).unwrap(), expected);
    assert_eq!(f.gradient(&[x]).unwrap(), [expected / x]);
}

#[test]
fn a_branch_whose_guards_do_not_hold_where_it_was_recorded_takes_no_place() {
    let (x, bound) = nearly_equal();
    let formula = move |below: f64| {
        Objective::new(
            move |x| match () {
                () if x[0] < below => x[0].powi(2),
                () if x[0].exp() < bound => x[0] * 2.0,
                () => x[0] * 3.0,
            },
            &[-1.0],
        )
        .unwrap()
    };
    let expected = if Scalar::exp(x) < bound { x * 2.0 } else { x * 3.0 };
    let mut f = formula(0.0).keep_branches(1);
    for visits in 1..5 {
        assert_eq!(f.value(&[x]).unwrap(), expected);
        assert_eq!(f.value(&[-2.0]).unwrap(), 4.0);
        assert_eq!((f.branches(), f.recordings()), (1, 1 + visits));
    }
    let mut f = formula(0.0);
    for point in [-1.0, x, x, x] {
        f.visit(&[point]).unwrap();
        assert_eq!(f.branches(), 1);
    }
    assert_eq!(f.gradient(&[x]).unwrap(), [expected / x]);
}

/// The square root, which has no value below 0.
struct Root;

impl External for Root {
    fn name(&self) -> &str {
        "root"
    }

    fn shape(&self) -> (usize, usize) {
        (1, 1)
    }

    fn value(&self, x: &[f64], y: &mut [f64]) -> Result<(), String> {
        y[0] = x[0].sqrt();
        if x[0] < 0.0 { Err("negative".into()) } else { Ok(()) }
    }

    fn vjp(&self, _: &[f64], y: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), String> {
        xbar[0] = ybar[0] * 0.5 / y[0];
        Ok(())
    }

    fn pullback<'g>(&self, _: &[Expr<'g>], y: &[Expr<'g>], ybar: &[Expr<'g>]) -> Option<Vec<Expr<'g>>> {
        Some(vec![ybar[0] * 0.5 / y[0]])
    }
}

#[test]
fn an_external_that_fails_where_its_branch_is_not_taken_does_not_matter() {
    let root: Arc<dyn External> = Arc::new(Root);
    let mut f = Objective::new(move |x| if x[0] < 0.0 { -x[0] } else { Expr::external(&root, x)[0] }, &[4.0]).unwrap();
    for _ in 0..2 {
        assert_eq!(f.value(&[4.0]).unwrap(), 2.0);
        assert_eq!(f.value(&[-4.0]).unwrap(), 4.0);
        assert_eq!(f.gradient(&[4.0]).unwrap(), [0.25]);
        assert_eq!(f.gradient(&[-4.0]).unwrap(), [-1.0]);
    }
    assert_eq!(f.branches(), 2);
}

#[test]
fn an_external_that_fails_before_a_comparison_of_its_value_is_an_error() {
    let root: Arc<dyn External> = Arc::new(Root);
    let mut f = Objective::new(
        move |x| {
            let y = Expr::external(&root, x)[0];
            if y > 1.0 { y * 2.0 } else { y }
        },
        &[4.0],
    )
    .unwrap();
    for _ in 0..2 {
        assert_eq!(f.value(&[4.0]).unwrap(), 4.0);
        let error = f.value(&[-1.0]).unwrap_err();
        assert!(error.to_string().contains("negative"), "{error}");
        assert_eq!(f.value(&[0.25]).unwrap(), 0.5);
    }
}

#[test]
fn a_branch_with_nothing_to_compute_is_left_too() {
    // On the first branch, no second derivative can differ from 0.
    let mut nlp = Nlp::new(|x| (if x[0] < 0.0 { x[0].powi(2) } else { x[0] }, Vec::new()), &[1.0]).unwrap();
    for (x, expected) in [(1.0, 0.0), (-1.0, 2.0), (2.0, 0.0)] {
        assert_eq!(nlp.hessian(&[x], 1.0, &[], Triangle::Both).unwrap().get(0, 0), expected);
    }
    let mut f = System::new(|x| if x[0] < 0.0 { vec![x[0]] } else { Vec::new() }, &[1.0]).unwrap();
    assert_eq!(f.values(&[2.0]).unwrap(), [0.0; 0]);
    assert!(matches!(f.values(&[-2.0]), Err(Error::Outputs { expected: 0, given: 1 })));
}

#[test]
fn data_choose_branches_too() {
    let mut f =
        Objective::with_data(|x, data| if data[0] > 0.0 { x[0] * data[0] } else { x[0].powi(2) }, &[3.0], &[2.0])
            .unwrap();
    assert_eq!(f.value(&[3.0]).unwrap(), 6.0);
    f.set_data(&[-2.0]).unwrap();
    assert_eq!(f.value(&[3.0]).unwrap(), 9.0);
    f.set_data(&[5.0]).unwrap();
    assert_eq!(f.value(&[3.0]).unwrap(), 15.0);
    assert_eq!(f.recordings(), 2);
}
