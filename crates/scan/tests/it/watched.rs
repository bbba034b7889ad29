//! Progress, stopping, and files of interrupted runs.

use crate::loops::{Logistic, Pendulum, Step, inputs_of, scan_of};
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wengert_scan::{Direction, Error, Gradient, Inputs, Keep, Losses, Progress, Scan, Steps, Workspace};

const KEEPS: [Keep; 4] = [Keep::All, Keep::Sqrt, Keep::Snapshots(3), Keep::Online(3)];

/// A workspace that saves after every block, and stops the loop after so many.
fn stopping(path: &Path, mut after: usize) -> Workspace {
    Workspace::new().save_to(path, Duration::ZERO).on_progress(Duration::ZERO, move |_| {
        after -= 1;
        if after == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
}

#[test]
fn a_run_that_is_stopped_anywhere_goes_on_to_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let scan = scan_of::<Pendulum>(Losses::Every);
    let steps = 5 * scan.block() + 2;
    let inputs = inputs_of::<Pendulum>(steps);
    for keep in KEEPS {
        let run = |workspace: &mut Workspace| {
            let inputs = Inputs::from_iter(inputs.iter().copied());
            scan.value_and_gradient(steps, Pendulum::STATE, Pendulum::PARAMS, inputs, keep, workspace)
        };
        let whole = run(&mut Workspace::new()).unwrap();
        let mut after = 1;
        loop {
            match run(&mut stopping(&path, after)) {
                Err(Error::Stopped) => {
                    assert!(path.exists());
                    let resumed = run(&mut Workspace::new().save_to(&path, Duration::ZERO)).unwrap();
                    assert_eq!(resumed, whole, "{keep:?} {after}");
                }
                done => {
                    assert_eq!(done.unwrap(), whole);
                    break;
                }
            }
            assert!(!path.exists(), "the file is gone when the run is done");
            after += 1;
        }
        assert!(after > 9, "{keep:?} {after}");
    }
}

#[test]
fn a_run_is_stopped_and_resumed_again_and_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let scan = scan_of::<Logistic>(Losses::Every);
    let end = 7 * scan.block() + 5;
    let along = Direction { params: &[1.0], ..Direction::default() };
    let run = |workspace: &mut Workspace| {
        let steps = Steps::until(move |step, _| step == end);
        scan.hvp(steps, Logistic::STATE, Logistic::PARAMS, (), along, Keep::Online(2), workspace)
    };
    let whole = run(&mut Workspace::new()).unwrap();
    let mut workspace = Workspace::new();
    let mut known = scan.hvp(end, Logistic::STATE, Logistic::PARAMS, (), along, Keep::All, &mut workspace).unwrap();
    known.gradient.work = whole.gradient.work;
    assert_eq!(known, whole, "a condition and a number end it alike");
    let mut stops = 0;
    let resumed = loop {
        match run(&mut stopping(&path, 1)) {
            Err(Error::Stopped) => stops += 1,
            done => break done.unwrap(),
        }
    };
    assert_eq!(resumed, whole);
    assert!(stops > 14, "{stops}");
}

#[test]
fn a_run_that_is_killed_goes_on_to_the_same_bits() {
    let scan = scan_of::<Logistic>(Losses::Every);
    let run = |workspace: &mut Workspace| {
        scan.value_and_gradient(50 * scan.block(), &[0.2], &[2.7], (), Keep::Snapshots(4), workspace)
    };
    // The test starts itself in a process of its own, which dies without a chance to clean up.
    if let Some(path) = std::env::var_os("WENGERT_SCAN_TO_BE_KILLED") {
        let mut blocks = 0;
        let mut workspace = Workspace::new().save_to(path, Duration::ZERO).on_progress(Duration::ZERO, move |_| {
            blocks += 1;
            if blocks == 70 {
                std::process::abort();
            }
            ControlFlow::Continue(())
        });
        run(&mut workspace).unwrap();
        unreachable!("it was killed");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let killed = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "watched::a_run_that_is_killed_goes_on_to_the_same_bits"])
        .env("WENGERT_SCAN_TO_BE_KILLED", &path)
        .output()
        .unwrap();
    assert!(!killed.status.success());
    assert!(path.exists(), "{}", String::from_utf8_lossy(&killed.stderr));
    assert_eq!(run(&mut Workspace::new().save_to(&path, Duration::ZERO)).unwrap(), run(&mut Workspace::new()).unwrap());
}

#[test]
fn files_of_other_runs_and_broken_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let scan = scan_of::<Logistic>(Losses::Every);
    let steps = 5 * scan.block();
    let stopped = scan.value_and_gradient(steps, &[0.2], &[2.7], (), Keep::Sqrt, &mut stopping(&path, 4));
    assert!(matches!(stopped, Err(Error::Stopped)));
    let bytes = fs::read(&path).unwrap();
    let run = |scan: &Scan, steps: usize, state: f64, rate: f64, keep| -> Result<Gradient, Error> {
        let mut workspace = Workspace::new().save_to(&path, Duration::ZERO);
        scan.value_and_gradient(steps, &[state], &[rate], (), keep, &mut workspace)
    };
    let other_loss = scan_of::<Logistic>(Losses::Last);
    let other_step = Scan::new(&[0.2], &[2.7], &[], |s, p, _| (vec![s[0] * p[0]], s[0])).unwrap();
    for other in [
        run(&other_loss, steps, 0.2, 2.7, Keep::Sqrt),
        run(&other_step, steps, 0.2, 2.7, Keep::Sqrt),
        run(&scan, steps + 1, 0.2, 2.7, Keep::Sqrt),
        run(&scan, steps, 0.3, 2.7, Keep::Sqrt),
        run(&scan, steps, 0.2, 2.6, Keep::Sqrt),
        run(&scan, steps, 0.2, 2.7, Keep::All),
    ] {
        let error = other.unwrap_err();
        assert!(matches!(error, Error::OtherRun { .. }), "{error}");
        assert_eq!(fs::read(&path).unwrap(), bytes, "the file is as before");
    }
    for cut in 0..bytes.len() {
        fs::write(&path, &bytes[..cut]).unwrap();
        assert!(matches!(run(&scan, steps, 0.2, 2.7, Keep::Sqrt), Err(Error::Malformed { .. })), "{cut}");
    }
    for flipped in 0..bytes.len() {
        let mut bytes = bytes.clone();
        bytes[flipped] ^= 4;
        fs::write(&path, &bytes).unwrap();
        assert!(matches!(run(&scan, steps, 0.2, 2.7, Keep::Sqrt), Err(Error::Malformed { .. })), "{flipped}");
    }
    fs::write(&path, &bytes).unwrap();
    run(&scan, steps, 0.2, 2.7, Keep::Sqrt).unwrap();
    let mut nowhere = Workspace::new().save_to(folder.path().join("none/run"), Duration::ZERO);
    let error = scan.value_and_gradient(steps, &[0.2], &[2.7], (), Keep::Sqrt, &mut nowhere).unwrap_err();
    assert!(matches!(error, Error::File { .. }), "{error}");
}

#[test]
fn a_file_of_another_direction_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let scan = scan_of::<Pendulum>(Losses::Every);
    let steps = 4 * scan.block();
    let inputs = inputs_of::<Pendulum>(steps);
    let run = |along, workspace: &mut Workspace| {
        scan.hvp(steps, Pendulum::STATE, Pendulum::PARAMS, &inputs, along, Keep::Sqrt, workspace)
    };
    let (none, far) = (Direction::default(), vec![1.0; inputs.len()]);
    let (zeros, ones) = ([0.0; 2], [1.0; 2]);
    let directions = [
        Direction { state: &ones, ..none },
        Direction { params: &ones, ..none },
        Direction { inputs: &far, ..none },
        none,
    ];
    for (k, &first) in directions.iter().enumerate() {
        for (l, &second) in directions.iter().enumerate() {
            assert!(matches!(run(first, &mut stopping(&path, 6)), Err(Error::Stopped)));
            let resumed = run(second, &mut Workspace::new().save_to(&path, Duration::ZERO));
            match k == l {
                true => assert_eq!(resumed.unwrap(), run(first, &mut Workspace::new()).unwrap()),
                false => {
                    assert!(matches!(resumed, Err(Error::OtherRun { .. })), "{first:?} {second:?}");
                    fs::remove_file(&path).unwrap();
                }
            }
        }
    }
    // An empty list is the same direction as zeros.
    assert!(matches!(run(directions[0], &mut stopping(&path, 6)), Err(Error::Stopped)));
    let same = Direction { params: &zeros, ..directions[0] };
    assert!(run(same, &mut Workspace::new().save_to(&path, Duration::ZERO)).is_ok());
}

/// Inputs of every kind: numbers in a slice, from a closure, from an iterator.
fn every_kind(numbers: &[f64]) -> [Inputs<'_>; 3] {
    let by = Inputs::by(|step, x| x.copy_from_slice(&numbers[2 * step..][..2]));
    [numbers.into(), by, Inputs::from_iter(numbers.iter().copied())]
}

#[test]
fn a_file_of_other_inputs_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let scan = scan_of::<Pendulum>(Losses::Every);
    let steps = 4 * scan.block() + 1;
    let numbers = inputs_of::<Pendulum>(steps);
    let run = |inputs: Inputs<'_>, workspace: &mut Workspace| {
        scan.value_and_gradient(steps, Pendulum::STATE, Pendulum::PARAMS, inputs, Keep::Snapshots(2), workspace)
    };
    let whole = run((&numbers).into(), &mut Workspace::new()).unwrap();
    let saving = || Workspace::new().save_to(&path, Duration::ZERO);
    for kind in 0..3 {
        // On the way forward, and on the way back.
        for after in [2, 8] {
            for changed in [0, 2 * scan.block(), numbers.len() - 1] {
                let inputs = || every_kind(&numbers).into_iter().nth(kind).unwrap();
                assert!(matches!(run(inputs(), &mut stopping(&path, after)), Err(Error::Stopped)));
                let mut others = numbers.clone();
                others[changed] += 1.0;
                for other in every_kind(&others) {
                    match run(other, &mut saving()) {
                        Err(Error::OtherRun { .. }) => assert!(path.exists()),
                        // Inputs that were not read yet may be others.
                        done => {
                            assert!(after == 2 && changed > 2 * scan.block(), "{kind} {after} {changed}");
                            let others = run((&others).into(), &mut Workspace::new());
                            assert_eq!(done.unwrap(), others.unwrap());
                            assert!(matches!(run(inputs(), &mut stopping(&path, after)), Err(Error::Stopped)));
                        }
                    }
                }
                // Frozen or not is a difference too, in both directions.
                assert!(matches!(run(inputs().frozen(), &mut saving()), Err(Error::OtherRun { .. })));
                for same in every_kind(&numbers) {
                    assert_eq!(run(same, &mut saving()).unwrap(), whole);
                    assert!(matches!(run(inputs(), &mut stopping(&path, after)), Err(Error::Stopped)));
                }
                fs::remove_file(&path).unwrap();
                assert!(matches!(run(inputs().frozen(), &mut stopping(&path, after)), Err(Error::Stopped)));
                assert!(matches!(run(inputs(), &mut saving()), Err(Error::OtherRun { .. })));
                fs::remove_file(&path).unwrap();
            }
        }
    }
}

#[test]
fn a_file_of_inputs_that_end_elsewhere_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let scan = scan_of::<Pendulum>(Losses::Every);
    let numbers = inputs_of::<Pendulum>(5 * scan.block());
    let run = |steps: usize, workspace: &mut Workspace| {
        let inputs = Inputs::from_iter(numbers[..2 * steps].iter().copied());
        let keep = Keep::Online(3);
        scan.value_and_gradient(Steps::OfInputs, Pendulum::STATE, Pendulum::PARAMS, inputs, keep, workspace)
    };
    let steps = 4 * scan.block();
    // It stops on the way back.
    assert!(matches!(run(steps, &mut stopping(&path, 7)), Err(Error::Stopped)));
    for other in [1, steps - 1, steps + 1, 5 * scan.block()] {
        let resumed = run(other, &mut Workspace::new().save_to(&path, Duration::ZERO));
        assert!(matches!(resumed, Err(Error::OtherRun { .. })), "{other} {resumed:?}");
    }
    let resumed = run(steps, &mut Workspace::new().save_to(&path, Duration::ZERO));
    assert_eq!(resumed.unwrap(), run(steps, &mut Workspace::new()).unwrap());
}

#[test]
fn a_run_that_is_stopped_is_saved_though_it_is_not_yet_due() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let scan = scan_of::<Logistic>(Losses::Every);
    let steps = 9 * scan.block();
    let hour = Duration::from_secs(3600);
    // Stops at once if it is past so many steps, and says where it was first.
    let run = |limit: usize| {
        let first = Arc::new(Mutex::new(None));
        let shared = Arc::clone(&first);
        let mut workspace = Workspace::new().save_to(&path, hour).on_progress(Duration::ZERO, move |progress| {
            shared.lock().unwrap().get_or_insert(progress.forward + progress.back);
            if progress.forward + progress.back >= limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        let result = scan.value_and_gradient(steps, &[0.2], &[2.7], (), Keep::Snapshots(2), &mut workspace);
        let first = first.lock().unwrap().unwrap();
        (first, result)
    };
    let (first, stopped) = run(5 * scan.block());
    assert!(matches!(stopped, Err(Error::Stopped)) && first == scan.block());
    let (first, stopped) = run(12 * scan.block());
    assert!(matches!(stopped, Err(Error::Stopped)) && first == 6 * scan.block(), "{first}");
    let (first, done) = run(usize::MAX);
    assert!(first >= 12 * scan.block() && !path.exists(), "{first}");
    let whole = scan.value_and_gradient(steps, &[0.2], &[2.7], (), Keep::Snapshots(2), &mut Workspace::new());
    assert_eq!(done.unwrap(), whole.unwrap());
}

#[test]
fn a_run_forward_can_be_stopped_too() {
    let scan = scan_of::<Logistic>(Losses::Every);
    let mut workspace = Workspace::new();
    let expected = scan.value(5 * scan.block(), &[0.2], &[2.7], (), &mut workspace).unwrap();
    let seen = Arc::new(Mutex::new(Vec::<Progress>::new()));
    let shared = Arc::clone(&seen);
    let mut workspace = workspace.on_progress(Duration::ZERO, move |progress| {
        let mut seen = shared.lock().unwrap();
        seen.push(progress);
        if seen.len().is_multiple_of(7) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    // A comparison with NaN is false.
    let never = || Steps::until(|_, s| s[0] > 100.0);
    assert!(matches!(scan.value(never(), &[f64::NAN], &[2.7], (), &mut workspace), Err(Error::Stopped)));
    let along = Direction { params: &[1.0], ..Direction::default() };
    let tangent = scan.jvp(never(), &[f64::NAN], &[2.7], (), along, &mut workspace);
    assert!(matches!(tangent, Err(Error::Stopped)));
    let forward: Vec<usize> = seen.lock().unwrap().iter().map(|progress| progress.forward / scan.block()).collect();
    assert_eq!(forward, (1..=7).chain(1..=7).collect::<Vec<_>>());
    assert!(seen.lock().unwrap().iter().all(|progress| (progress.back, progress.steps) == (0, None)));
    assert_eq!(scan.value(5 * scan.block(), &[0.2], &[2.7], (), &mut workspace).unwrap(), expected);
}

#[test]
fn progress_goes_forward_and_then_back_to_the_first_step() {
    let scan = scan_of::<Logistic>(Losses::Every);
    let steps = 4 * scan.block() + 1;
    for keep in KEEPS {
        let seen = Arc::new(Mutex::new(Vec::<Progress>::new()));
        let shared = Arc::clone(&seen);
        let mut workspace = Workspace::new().on_progress(Duration::ZERO, move |progress| {
            shared.lock().unwrap().push(progress);
            ControlFlow::Continue(())
        });
        scan.value_and_gradient(steps, &[0.2], &[2.7], (), keep, &mut workspace).unwrap();
        let seen = seen.lock().unwrap();
        assert!(seen.iter().all(|progress| progress.steps == Some(steps)));
        assert!(seen.windows(2).all(|pair| pair[0].forward <= pair[1].forward && pair[0].back <= pair[1].back));
        assert_eq!((seen[0].forward, seen[0].back), (scan.block(), 0), "{keep:?}");
        let last = seen.last().unwrap();
        assert_eq!((last.forward, last.back), (steps, steps), "{keep:?}");
    }
}
