//! Bad input: each kind has an error with a name, and the workspace can be used as before.

use crate::loops::{Pendulum, Step, inputs_of, scan_of};
use wengert_scan::{Direction, Error, Gradient, Inputs, Keep, Losses, Scan, Settings, Steps, Workspace};

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
    let text = error.to_string();
    assert!(text.starts_with("step 5: the comparison") && text.contains("is false: write it as `select`"), "{text}");
    assert_eq!(run(&scan, 5, &mut workspace).unwrap().value, 15.0);
    let unchecked = step(Settings::new().guards(false));
    assert!(unchecked.block() > 1);
    assert_eq!(run(&unchecked, 9, &mut workspace).unwrap().value, 45.0);
}

#[test]
fn of_several_first_states_the_one_whose_comparison_fails_is_named() {
    let scan = Scan::new(&[0.0], &[1.0], &[], |s, p, _| {
        let next = if s[0] < 4.5 { s[0] + p[0] } else { s[0] - p[0] };
        (vec![next], next)
    })
    .unwrap();
    let mut workspace = Workspace::new();
    let mut run = |steps, states: &[&[f64]]| {
        scan.values_and_gradients(steps, states, &[1.0], (), Keep::Snapshots(2), &mut workspace)
    };
    let states: [&[f64]; 4] = [&[0.0], &[-3.0], &[2.0], &[1.0]];
    let before = run(3, &states).unwrap();
    assert_eq!(before.iter().map(|one| one.value).collect::<Vec<_>>(), [6.0, -3.0, 12.0, 9.0]);
    for (steps, at, lane) in [(4, 3, 2), (5, 3, 2)] {
        let error = run(steps, &states).unwrap_err();
        let Error::Step { step, source: wengert_program::Error::GuardFlipped { point, .. } } = error else {
            panic!("{error}")
        };
        assert_eq!((step, point), (at, Some(lane)), "{steps}");
    }
    assert_eq!(run(3, &states).unwrap(), before);
}

#[test]
fn errors_and_inputs_say_what_they_are() {
    let scan = scan_of::<Pendulum>(Losses::Every);
    let error = scan.value(3, &[1.0], Pendulum::PARAMS, (), &mut Workspace::new()).unwrap_err().to_string();
    assert!(error.starts_with("numbers of the first state: expected 2, got 1"), "{error}");
    assert_eq!(format!("{:?}", Steps::from(3)), "Exactly(3)");
    assert_eq!(format!("{:?}", Steps::until(|_, _| true)), "Until(..)");
    assert_eq!(format!("{:?}", Inputs::from(&[1.5]).frozen()), "Inputs { source: [1.5], is_frozen: true }");
    assert_eq!(format!("{:?}", Inputs::by(|_, _| {})), "Inputs { source: \"a closure\", is_frozen: false }");
}

#[test]
fn inputs_that_are_left_over_are_refused_from_slices_and_iterators_alike() {
    let scan = scan_of::<Pendulum>(Losses::Every);
    let without = Scan::new(&[1.0], &[], &[], |s, _, _| (vec![s[0] * 0.5], s[0])).unwrap();
    let numbers = inputs_of::<Pendulum>(9);
    let both = |count| [Inputs::from(&numbers[..count]), Inputs::from_iter(numbers[..count].iter().copied())];
    let run = |steps, inputs| {
        scan.value_and_gradient(steps, Pendulum::STATE, Pendulum::PARAMS, inputs, Keep::All, &mut Workspace::new())
    };
    let left = |result: Result<Gradient, Error>| match result {
        Err(Error::InputsLeft { steps, width }) => Some((steps, width)),
        _ => None,
    };
    for (exactly, count, expected) in [(8, 17, 8), (8, 18, 8), (9, 17, 8), (10, 17, 8)] {
        for inputs in both(count) {
            assert_eq!(left(run(Steps::Exactly(exactly), inputs)), Some((expected, 2)), "{exactly} {count}");
        }
    }
    for inputs in both(17) {
        assert_eq!(left(run(Steps::OfInputs, inputs)), Some((8, 2)));
    }
    for inputs in both(1) {
        assert_eq!(left(run(Steps::OfInputs, inputs)), Some((0, 2)));
    }
    for inputs in [Inputs::from_iter(numbers.iter().copied().take(17)), numbers[..17].into()] {
        let steps = Steps::until(|_, _| false);
        let result =
            scan.value_and_gradient(steps, &[0.0; 2], &[0.0; 2], inputs, Keep::Online(2), &mut Workspace::new());
        assert_eq!(left(result), Some((8, 2)));
    }
    for inputs in both(1) {
        let result = without.value_and_gradient(3, &[1.0], &[], inputs, Keep::All, &mut Workspace::new());
        assert_eq!(left(result), Some((3, 0)));
    }
    let error = run(Steps::Exactly(8), (&numbers).into()).unwrap_err().to_string();
    assert!(
        error.starts_with("inputs are left over after those of 8 steps") && error.contains("give 2 for each step"),
        "{error}"
    );
}

#[test]
fn an_iterator_is_not_asked_again_after_its_end() {
    let scan = scan_of::<Pendulum>(Losses::Every);
    let numbers = inputs_of::<Pendulum>(9);
    let mut asked = 0;
    // It gives more after it has ended once.
    let inputs = Inputs::from_iter(std::iter::from_fn(|| {
        asked += 1;
        if asked == 19 { None } else { numbers.get((asked - 1) % 18).copied() }
    }));
    let (state, params) = (Pendulum::STATE, Pendulum::PARAMS);
    let run = scan
        .value_and_gradient(Steps::OfInputs, state, params, inputs, Keep::Online(2), &mut Workspace::new())
        .unwrap();
    assert_eq!((run.steps, asked), (9, 19));
}

#[test]
fn an_endless_iterator_suits_a_number_of_steps_and_ends_no_loop() {
    let scan = scan_of::<Pendulum>(Losses::Every);
    let run = |steps, inputs| {
        scan.value_and_gradient(steps, Pendulum::STATE, Pendulum::PARAMS, inputs, Keep::All, &mut Workspace::new())
    };
    let endless = || Inputs::from_iter(std::iter::repeat(0.25));
    assert_eq!(run(9.into(), endless()).unwrap(), run(9.into(), (&[0.25; 18]).into()).unwrap());
    assert!(matches!(run(Steps::OfInputs, endless()), Err(Error::NoEnd)));
}

#[test]
fn inputs_that_a_closure_does_not_write_are_nan() {
    let scan = Scan::new(&[0.0], &[], &[1.0], |s, _, x| (vec![s[0] + x[0]], s[0] + x[0])).unwrap();
    let by = |step, x: &mut [f64]| {
        assert!(x.iter().all(|x| x.is_nan()));
        if step != 40 {
            x[0] = 1.0;
        }
    };
    let run = |steps| {
        let mut workspace = Workspace::new();
        let gradient = scan.value_and_gradient(steps, &[0.0], &[], Inputs::by(by), Keep::Sqrt, &mut workspace).unwrap();
        let along = Direction { inputs: &vec![1.0; steps], ..Direction::default() };
        let product = scan.hvp(steps, &[0.0], &[], Inputs::by(by), along, Keep::Sqrt, &mut workspace).unwrap();
        [gradient.value, product.gradient.value]
    };
    assert_eq!(run(40), [820.0; 2]);
    assert!(run(41).iter().all(|value| value.is_nan()));
}
