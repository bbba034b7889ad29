//! Gradients of loops: those of a tape, with the same bits however states are kept.

use crate::loops::{Logistic, Lorenz, Pendulum, Step, by_tape, inputs_of, scan_of};
use wengert_program::{Native, Setup};
use wengert_scan::{Gradient, Inputs, Keep, Losses, Scan, Steps, Workspace};

fn bits(gradient: &Gradient) -> Vec<u64> {
    let Gradient { value, state, params, inputs, end, .. } = gradient;
    [&[*value][..], state, params, inputs, end].concat().iter().map(|x| x.to_bits()).collect()
}

fn close(what: &str, expected: &[f64], given: &[f64]) {
    let scale = expected.iter().fold(1e-300_f64, |most, x| most.max(x.abs()));
    assert_eq!(expected.len(), given.len(), "{what}");
    for (expected, given) in expected.iter().zip(given) {
        assert!((expected - given).abs() <= 1e-11 * scale, "{what}: {expected} {given}");
    }
}

fn are_those_of_a_tape<S: Step>() {
    let mut workspace = Workspace::new();
    for losses in [Losses::Every, Losses::Last] {
        let scan = scan_of::<S>(losses);
        let block = scan.block();
        for steps in [1, 2, block - 1, block, block + 1, 2 * block, 3 * block + 2, 7 * block + block / 2] {
            if steps == 0 {
                continue;
            }
            let inputs = inputs_of::<S>(steps);
            let (value, [state, params, input]) = by_tape::<S>(steps, &inputs, losses);
            let at = |keep, workspace: &mut Workspace| {
                scan.value_and_gradient(steps, S::STATE, S::PARAMS, &inputs, keep, workspace).unwrap()
            };
            let all = at(Keep::All, &mut workspace);
            let what = format!("{losses:?} {steps}");
            close(&what, &[value], &[all.value]);
            close(&what, &state, &all.state);
            close(&what, &params, &all.params);
            close(&what, &input, &all.inputs);
            assert_eq!((all.steps, all.work.again, all.work.blocks), (steps, 0, steps.div_ceil(block)));
            for keep in
                [Keep::Sqrt, Keep::Snapshots(1), Keep::Snapshots(2.min(steps)), Keep::Online(1), Keep::Online(3)]
            {
                assert_eq!(bits(&all), bits(&at(keep, &mut workspace)), "{what} {keep:?}");
            }
            let value = scan.value(steps, S::STATE, S::PARAMS, &inputs, &mut workspace).unwrap();
            assert_eq!((value.value.to_bits(), &value.end, value.steps), (all.value.to_bits(), &all.end, steps));
        }
    }
}

#[test]
fn gradients_are_those_of_a_tape_for_every_keep() {
    are_those_of_a_tape::<Logistic>();
    are_those_of_a_tape::<Pendulum>();
    are_those_of_a_tape::<Lorenz>();
}

#[test]
fn a_block_has_about_a_thousand_instructions() {
    assert!(scan_of::<Logistic>(Losses::Every).block() > 30);
    let long = Scan::new(&[1.0; 200], &[], &[], |s, _, _| {
        let next: Vec<_> = (0..200).map(|k| s[k] + 0.1 * (s[(k + 1) % 200] - s[k]).sin()).collect();
        (next.clone(), next[0])
    });
    assert_eq!(long.unwrap().block(), 1);
}

#[test]
fn as_many_blocks_run_again_as_must() {
    let scan = scan_of::<Logistic>(Losses::Every);
    for (blocks, snapshots) in [(1, 1), (10, 3), (50, 4), (64, 7)] {
        let steps = blocks * scan.block() - 1;
        let mut workspace = Workspace::new();
        let gradient =
            scan.value_and_gradient(steps, &[0.2], &[2.7], (), Keep::Snapshots(snapshots), &mut workspace).unwrap();
        let advances = wengert_scan::fewest_advances(blocks, snapshots);
        assert_eq!(gradient.work.again as u128, advances - (blocks as u128 - 1), "{blocks} {snapshots}");
        assert!(gradient.work.states <= snapshots);
    }
}

#[test]
fn a_condition_ends_a_loop_within_a_block_too() {
    for losses in [Losses::Every, Losses::Last] {
        ends_by_condition(&scan_of::<Pendulum>(losses));
    }
}

fn ends_by_condition(scan: &Scan) {
    let block = scan.block();
    for end in [1, block - 1, block, block + 1, 5 * block, 5 * block + 3] {
        let inputs = inputs_of::<Pendulum>(end + 7);
        let (state, params) = (Pendulum::STATE, Pendulum::PARAMS);
        let known =
            scan.value_and_gradient(end, state, params, &inputs[..2 * end], Keep::All, &mut Workspace::new()).unwrap();
        for keep in [Keep::All, Keep::Online(1), Keep::Online(2), Keep::Online(9)] {
            let mut asked = Vec::new();
            let steps = Steps::until(|steps, state| {
                asked.push((steps, state.to_vec()));
                steps == end
            });
            let met = scan.value_and_gradient(steps, state, params, &inputs, keep, &mut Workspace::new()).unwrap();
            assert_eq!(bits(&known), bits(&met), "{end} {keep:?}");
            assert_eq!(met.steps, end);
            assert_eq!(asked.iter().map(|&(steps, _)| steps).collect::<Vec<_>>(), (1..=end).collect::<Vec<_>>());
            assert_eq!(asked.last().unwrap().1, met.end);
        }
    }
}

#[test]
fn inputs_come_from_slices_closures_and_iterators() {
    let scan = scan_of::<Pendulum>(Losses::Every);
    let (state, params) = (Pendulum::STATE, Pendulum::PARAMS);
    for steps in [1, 3 * scan.block(), 3 * scan.block() + 1] {
        let numbers = inputs_of::<Pendulum>(steps);
        let run = |end: Steps<'_>, inputs: Inputs<'_>, keep| {
            scan.value_and_gradient(end, state, params, inputs, keep, &mut Workspace::new()).unwrap()
        };
        let by_slice = run(steps.into(), (&numbers).into(), Keep::Sqrt);
        let write = |step: usize, x: &mut [f64]| x.copy_from_slice(&numbers[2 * step..][..2]);
        let by_closure = run(steps.into(), Inputs::by(write), Keep::Snapshots(1));
        let by_iterator = run(steps.into(), Inputs::from_iter(numbers.iter().copied()), Keep::Snapshots(1));
        let to_its_end = run(Steps::OfInputs, Inputs::from_iter(numbers.iter().copied()), Keep::Online(2));
        let of_slice = run(Steps::OfInputs, (&numbers).into(), Keep::Sqrt);
        for other in [by_closure, by_iterator, to_its_end, of_slice] {
            assert_eq!(bits(&by_slice), bits(&other), "{steps}");
            assert_eq!(other.steps, steps);
        }
        let frozen = run(steps.into(), Inputs::from(&numbers).frozen(), Keep::All);
        assert_eq!(frozen.inputs, []);
        assert_eq!((frozen.value, &frozen.state, &frozen.params), (by_slice.value, &by_slice.state, &by_slice.params));
    }
}

#[test]
fn several_first_states_have_the_bits_of_each_alone() {
    let scan = scan_of::<Pendulum>(Losses::Every);
    let steps = 2 * scan.block() + 5;
    let (params, inputs) = (Pendulum::PARAMS, inputs_of::<Pendulum>(steps));
    let states: Vec<[f64; 2]> = (0..700).map(|k| [0.01 * f64::from(k) - 3.0, (0.3 * f64::from(k)).cos()]).collect();
    for count in [1, 2, 7, 700] {
        let refs: Vec<&[f64]> = states[..count].iter().map(|state| &state[..]).collect();
        for threads in [1, 2] {
            let mut workspace = Workspace::with(Setup::new().threads(threads));
            let together =
                scan.values_and_gradients(steps, &refs, params, &inputs, Keep::Snapshots(2), &mut workspace).unwrap();
            assert_eq!(together.len(), count);
            for (state, one) in refs.iter().zip(&together).step_by(97) {
                let alone = scan.value_and_gradient(steps, state, params, &inputs, Keep::Sqrt, &mut Workspace::new());
                assert_eq!(bits(&alone.unwrap()), bits(one));
            }
        }
    }
    let none = scan.values_and_gradients(steps, &[], params, &inputs, Keep::Sqrt, &mut Workspace::new());
    assert_eq!(none.unwrap(), []);
}

#[test]
fn machine_code_has_the_bits_of_the_interpreter() {
    let scan = scan_of::<Lorenz>(Losses::Every);
    let run = |native| {
        let mut workspace = Workspace::with(Setup::new().native(native));
        scan.value_and_gradient(500, Lorenz::STATE, Lorenz::PARAMS, (), Keep::Sqrt, &mut workspace).unwrap()
    };
    assert_eq!(bits(&run(Native::Never)), bits(&run(Native::Auto)));
}

#[test]
fn a_workspace_serves_several_scans() {
    let mut workspace = Workspace::new();
    let [every, last] = [Losses::Every, Losses::Last].map(scan_of::<Lorenz>);
    let logistic = scan_of::<Logistic>(Losses::Every);
    let lorenz = |scan: &Scan, workspace: &mut Workspace| {
        scan.value_and_gradient(40, Lorenz::STATE, Lorenz::PARAMS, (), Keep::Sqrt, workspace).unwrap()
    };
    let first = [lorenz(&every, &mut workspace), lorenz(&last, &mut workspace)];
    logistic.value_and_gradient(1000, &[0.2], &[2.7], (), Keep::All, &mut workspace).unwrap();
    let second = [lorenz(&every, &mut workspace), lorenz(&last, &mut workspace)];
    assert_eq!(first, second);
    assert_ne!(first[0].value, first[1].value);
}
