//! Schedules as iterators of actions: each is carried out on numbered blocks, and counted.

use proptest::prelude::*;
use std::collections::HashMap;
use wengert_scan::{Action, Schedule, fewest_advances};

/// What a schedule did.
#[derive(Debug, Default)]
struct Counts {
    /// How often each block ran forward.
    runs: Vec<usize>,
    slots: usize,
}

impl Counts {
    fn advances(&self) -> u128 {
        self.runs.iter().map(|&runs| runs as u128).sum()
    }
}

/// Carries out a schedule, and checks that each action finds the state that it needs. `end` says after which blocks to
/// tell a schedule that its end is reached.
fn carried_out(mut schedule: Schedule, blocks: usize) -> Counts {
    let mut counts = Counts { runs: vec![0; blocks], slots: 0 };
    let (mut state, mut kept, mut left) = (Some(0), HashMap::new(), blocks);
    while let Some(action) = schedule.next() {
        match action {
            Action::Advance { from, to } => {
                assert_eq!(state, Some(from), "{action:?}");
                assert!(from < to && to <= left, "{action:?}");
                for block in from..to {
                    counts.runs[block] += 1;
                }
                state = Some(to);
                if to == blocks {
                    // Only a schedule that does not know the end runs the last block. It then stays before it.
                    counts.runs[from] -= 1;
                    assert_eq!(from + 1, to);
                    state = Some(from);
                    schedule.end();
                }
            }
            Action::Snapshot { slot, block } => {
                assert_eq!(state, Some(block), "{action:?}");
                kept.insert(slot, block);
                counts.slots = counts.slots.max(slot + 1);
            }
            Action::Restore { slot, block } => {
                assert_eq!(kept.get(&slot), Some(&block), "{action:?}");
                state = Some(block);
            }
            Action::Reverse { block } => {
                assert_eq!((state, left), (Some(block), block + 1), "{action:?}");
                (state, left) = (None, block);
            }
        }
    }
    assert_eq!(left, 0, "every block is swept");
    counts
}

/// The fewest advances for every number of blocks and snapshots, by dynamic programming over where the next snapshot is
/// taken.
fn optimum(blocks: usize, snapshots: usize) -> Vec<Vec<u128>> {
    let mut best = vec![vec![0; blocks + 1]; snapshots + 1];
    for s in 1..=snapshots {
        for l in 2..=blocks {
            best[s][l] = match s {
                1 => (l * (l - 1) / 2) as u128,
                _ => (1..l).map(|j| j as u128 + best[s - 1][l - j] + best[s][j]).min().unwrap(),
            };
        }
    }
    best
}

#[test]
fn binomial_schedules_are_optimal_by_dynamic_programming() {
    let best = optimum(300, 30);
    for (snapshots, best) in best.iter().enumerate().skip(1) {
        for (blocks, &fewest) in best.iter().enumerate().skip(1) {
            let counts = carried_out(Schedule::binomial(blocks, snapshots), blocks);
            assert_eq!(counts.advances(), fewest, "{blocks} blocks, {snapshots} snapshots");
            assert_eq!(fewest_advances(blocks, snapshots), fewest);
            assert!(counts.slots <= snapshots);
        }
    }
}

#[test]
fn schedules_by_the_root_run_each_block_again_at_most_once() {
    for blocks in 1..=400 {
        let counts = carried_out(Schedule::sqrt(blocks), blocks);
        assert!(counts.runs.iter().all(|&runs| runs <= 2), "{blocks}");
        assert!(counts.slots as f64 <= 2.0 * (blocks as f64).sqrt().ceil(), "{blocks}: {}", counts.slots);
        let all = carried_out(Schedule::all(), blocks);
        assert_eq!((all.advances(), all.slots), (blocks as u128 - 1, blocks));
    }
}

/// The least `r` such that `snapshots` can sweep `blocks` with no block running more than `r` times.
fn fewest_repeats(blocks: usize, snapshots: usize) -> usize {
    let (mut r, mut reach) = (0, 1_u128);
    while reach < blocks as u128 {
        r += 1;
        reach = reach * (snapshots + r) as u128 / r as u128;
    }
    r
}

#[test]
fn the_most_runs_of_a_block_are_no_more_in_online_schedules_than_in_binomial_ones() {
    for snapshots in 1..=30 {
        for blocks in 1..=300 {
            let counts = carried_out(Schedule::online(snapshots), blocks);
            let most = counts.runs.iter().copied().max().unwrap();
            assert!(most <= fewest_repeats(blocks, snapshots), "{blocks} blocks, {snapshots} snapshots: {most}");
            assert!(counts.slots <= snapshots);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn long_schedules_are_optimal(blocks in 301_usize..10_000, snapshots in 1_usize..60) {
        // With one snapshot the number of actions grows as the square.
        let counts = carried_out(Schedule::binomial(blocks, snapshots), blocks);
        prop_assert_eq!(counts.advances(), fewest_advances(blocks, snapshots));
        let online = carried_out(Schedule::online(snapshots), blocks);
        prop_assert!(online.runs.iter().all(|&runs| runs <= fewest_repeats(blocks, snapshots)));
        prop_assert!(online.slots <= snapshots);
    }
}

/// The optimum for a few long loops, by dynamic programming over all of them: what [`fewest_advances`] is held against
/// beyond 300 blocks.
#[test]
fn the_formula_of_the_optimum_holds_for_long_loops() {
    let best = optimum(10_000, 6);
    for (snapshots, best) in best.iter().enumerate().skip(1) {
        for (blocks, &fewest) in best.iter().enumerate().skip(1) {
            assert_eq!(fewest_advances(blocks, snapshots), fewest, "{blocks} {snapshots}");
        }
    }
}

#[test]
fn the_end_may_be_said_after_any_action() {
    for schedule in
        [Schedule::all(), Schedule::online(1), Schedule::online(2), Schedule::online(3), Schedule::online(7)]
    {
        for actions in 0..80 {
            let what = format!("{schedule:?} {actions}");
            let mut schedule = schedule.clone();
            let (mut kept, mut blocks) = (HashMap::new(), 0);
            for action in schedule.by_ref().take(actions) {
                match action {
                    Action::Snapshot { slot, block } => _ = kept.insert(slot, block),
                    Action::Advance { to, .. } => blocks = to,
                    action => panic!("{action:?} before the end"),
                }
            }
            schedule.end();
            let (mut state, mut left) = (blocks.checked_sub(1), blocks);
            for action in schedule {
                match action {
                    Action::Snapshot { slot, block } => {
                        assert_eq!(state, Some(block), "{what}");
                        kept.insert(slot, block);
                    }
                    Action::Restore { slot, block } => {
                        assert_eq!(kept.get(&slot), Some(&block), "{what}");
                        state = Some(block);
                    }
                    Action::Advance { from, to } => {
                        assert!(state == Some(from) && from < to && to < left, "{what}");
                        state = Some(to);
                    }
                    Action::Reverse { block } => {
                        assert_eq!((state, left), (Some(block), block + 1), "{what}");
                        (state, left) = (None, block);
                    }
                }
            }
            assert_eq!(left, 0, "{what}");
        }
    }
}

#[test]
fn more_snapshots_than_memory_has_room_for_are_no_matter_online() {
    for snapshots in [1 << 33, usize::MAX] {
        let counts = carried_out(Schedule::online(snapshots), 20);
        assert_eq!((counts.advances(), counts.slots), (19, 20));
    }
}

#[test]
fn the_optimum_of_one_snapshot_needs_no_search() {
    assert_eq!(fewest_advances(usize::MAX, 1), usize::MAX as u128 * (usize::MAX as u128 - 1) / 2);
}

#[test]
fn an_empty_schedule_ends_at_once() {
    assert_eq!(Schedule::binomial(0, 3).next(), None);
    assert_eq!(Schedule::sqrt(0).next(), None);
}

#[test]
#[should_panic(expected = "at least one snapshot")]
fn no_snapshots_are_refused() {
    Schedule::binomial(3, 0);
}
