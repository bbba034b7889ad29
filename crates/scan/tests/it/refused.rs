//! Bad input: each kind has an error with a name, and the workspace can be used as before.

use crate::loops::{Pendulum, Step, inputs_of, scan_of};
use wengert_scan::{Error, Inputs, Keep, Losses, Scan, Settings, Steps, Workspace};

#[test]
fn a_step_that_changes_the_length_of_its_state_is_refused() {
    let longer = Scan::new(&[1.0], &[], &[], |s, _, _| (vec![s[0], s[0]], s[0]));
    let error = longer.unwrap_err();
    assert!(matches!(error, Error::StateLength { expected: 1, given: 2 }), "{error}");
    let shorter = Scan::new(&[1.0, 2.0], &[], &[], |s, _, _| (vec![s[0]], s[0]));
    assert!(matches!(shorter.unwrap_err(), Error::StateLength { expected: 2, given: 1 }));
}

#[test]
fn a_loss_that_depends_on_nothing_is_refused() {
    let constant = Scan::new(&[1.0], &[1.0], &[1.0], |s, p, x| (vec![s[0] * p[0] + x[0]], 3.0.into()));
    assert!(matches!(constant.unwrap_err(), Error::ConstantLoss));
    // The loss may depend on any of the three.
    Scan::new(&[1.0], &[1.0], &[1.0], |s, p, _| (vec![s[0]], p[0])).unwrap();
    Scan::new(&[1.0], &[1.0], &[1.0], |s, _, x| (vec![s[0]], x[0])).unwrap();
}

#[test]
fn steps_that_do_not_suit_are_refused() {
    let scan = Scan::new(&[1.0], &[], &[], |s, _, _| (vec![s[0] * 0.5], s[0])).unwrap();
    let run = |steps: Steps<'_>, keep| scan.value_and_gradient(steps, &[1.0], &[], (), keep, &mut Workspace::new());
    assert!(matches!(run(0.into(), Keep::All), Err(Error::NoSteps)));
    assert!(matches!(run(Steps::OfInputs, Keep::All), Err(Error::NoEnd)));
    assert!(matches!(run(5.into(), Keep::Snapshots(0)), Err(Error::NoSnapshots)));
    assert!(matches!(run(5.into(), Keep::Online(0)), Err(Error::NoSnapshots)));
    let error = run(5.into(), Keep::Snapshots(6)).unwrap_err();
    assert!(matches!(error, Error::TooManySnapshots { snapshots: 6, steps: 5 }), "{error}");
    assert!(run(5.into(), Keep::Snapshots(5)).is_ok());
    let until = || Steps::until(|steps, _| steps == 3);
    assert!(matches!(run(until(), Keep::Sqrt), Err(Error::UnknownEnd { .. })));
    assert!(matches!(run(until(), Keep::Snapshots(2)), Err(Error::UnknownEnd { .. })));
}

#[test]
fn wrong_lengths_are_refused_and_the_workspace_can_be_used_as_before() {
    let scan = scan_of::<Pendulum>(Losses::Every);
    let (state, params, inputs) = (Pendulum::STATE, Pendulum::PARAMS, inputs_of::<Pendulum>(9));
    let mut workspace = Workspace::new();
    let before = scan.value_and_gradient(9, state, params, &inputs, Keep::All, &mut workspace).unwrap();
    let mut run = |steps: Steps<'_>, state: &[f64], params: &[f64], inputs: Inputs<'_>| {
        scan.value_and_gradient(steps, state, params, inputs, Keep::All, &mut workspace)
    };
    let length = |result: Result<_, Error>| matches!(result, Err(Error::Length { .. }));
    assert!(length(run(9.into(), &state[..1], params, (&inputs).into())));
    assert!(length(run(9.into(), state, &[1.0; 3], (&inputs).into())));
    assert!(length(run(8.into(), state, params, (&inputs).into())));
    assert!(length(run(9.into(), state, params, inputs[..17].into())));
    assert!(matches!(run(9.into(), state, params, ().into()), Err(Error::InputsEnd { steps: 9, given: 0 })));
    assert!(matches!(run(10.into(), state, params, (&inputs).into()), Err(Error::InputsEnd { steps: 10, given: 9 })));
    let ending = Inputs::from_iter(inputs.iter().copied());
    assert!(matches!(run(11.into(), state, params, ending), Err(Error::InputsEnd { steps: 11, given: 9 })));
    assert!(matches!(run(Steps::OfInputs, state, params, Inputs::from_iter([])), Err(Error::NoSteps)));
    assert!(matches!(run(Steps::OfInputs, state, params, ().into()), Err(Error::NoSteps)));
    assert!(matches!(run(Steps::OfInputs, state, params, Inputs::by(|_, x| x.fill(0.0))), Err(Error::NoEnd)));
    assert_eq!(run(9.into(), state, params, (&inputs).into()).unwrap(), before);
}

#[test]
fn a_comparison_that_comes_out_differently_names_its_step() {
    let step = |settings| {
        Scan::with(settings, &[0.0], &[1.0], &[], |s, p, _| {
            let limit = s[0] * 0.0 + 4.5;
            let next = if s[0] < limit { s[0] + p[0] } else { s[0] - p[0] };
            (vec![next], next)
        })
        .unwrap()
    };
    let scan = step(Settings::new());
    assert_eq!(scan.block(), 1);
    let mut workspace = Workspace::new();
    let run = |scan: &Scan, steps, workspace: &mut Workspace| {
        scan.value_and_gradient(steps, &[0.0], &[1.0], (), Keep::Sqrt, workspace)
    };
    assert_eq!(run(&scan, 5, &mut workspace).unwrap().value, 15.0);
    let error = run(&scan, 9, &mut workspace).unwrap_err();
    assert!(matches!(error, Error::Step { step: 5, .. }), "{error}");
    assert!(error.to_string().starts_with("step 5: the comparison"), "{error}");
    assert_eq!(run(&scan, 5, &mut workspace).unwrap().value, 15.0);
    let unchecked = step(Settings::new().guards(false));
    assert!(unchecked.block() > 1);
    assert_eq!(run(&unchecked, 9, &mut workspace).unwrap().value, 45.0);
}
