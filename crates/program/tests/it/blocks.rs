//! Sums in pieces: the bits of a whole batch, however the blocks are shared and in whatever order they are merged.

use std::ops::Range;

use proptest::prelude::*;
use wengert::Graph;
use wengert_program::{BlockSums, Blocks, Error, Input, Options, Output, Program, Setup, Workspace, fold_blocks};

/// The sums of s exp(x) y and of x, and the first again.
fn program() -> Program {
    let g = Graph::new();
    let [x, y, s] = [g.leaf(0.5), g.leaf(2.0), g.leaf(1.0)];
    let product = g.mul(g.mul(s, g.exp(x)), y);
    let outputs = [Output::sum(product), Output::sum(x), Output::sum(product)];
    Program::compile(&g, [Input::per_point(x), Input::per_point(y), Input::uniform(s)], outputs, &Options::new())
        .expect("compiles")
}

/// Numbers whose sum depends on the order of addition.
fn columns(points: usize) -> [Vec<f64>; 2] {
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    [(0..points).map(|_| next()).collect(), (0..points).map(|_| 1e3 * next() - 300.0).collect()]
}

fn of_blocks(blocks: Blocks, range: Range<usize>, columns: &[Vec<f64>; 2], workspace: &mut Workspace) -> BlockSums {
    let own = blocks.points_of(range.clone());
    let inputs = [&columns[0][own.clone()], &columns[1][own], &[1.5]];
    program().block_sums(blocks, range, &inputs, workspace).expect("runs")
}

fn bits(numbers: &[f64]) -> Vec<u64> {
    numbers.iter().map(|x| x.to_bits()).collect()
}

/// The sum of these rows by the definition: pairs of neighbors, then pairs of pairs.
fn by_pairs(mut rows: Vec<f64>) -> f64 {
    while rows.len() > 1 {
        rows = rows.chunks(2).map(|pair| pair.iter().copied().reduce(|a, b| a + b).expect("not empty")).collect();
    }
    rows[0]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_share_in_any_order_has_the_bits_of_one_call(
        points in 0..9000usize,
        cuts in prop::collection::vec(0..64usize, 0..6),
        backwards in any::<bool>(),
        threads in 1..4usize,
    ) {
        let (columns, blocks) = (columns(points), Blocks::of(points));
        let mut workspace = Workspace::with(Setup::new().threads(threads));
        let mut whole = [[0.0]; 3];
        let [a, b, c] = &mut whole;
        program()
            .eval_batch(points, &[&columns[0], &columns[1], &[1.5]], &mut [a, b, c], &mut workspace)
            .expect("runs");
        let mut ends: Vec<usize> = cuts.iter().map(|&cut| cut.min(blocks.count())).chain([blocks.count()]).collect();
        ends.sort_unstable();
        let mut start = 0;
        let mut parts = Vec::new();
        for end in ends {
            parts.push(of_blocks(blocks, start..end, &columns, &mut workspace));
            start = end;
        }
        if backwards {
            parts.reverse();
        }
        let total = fold_blocks(parts).expect("all are there");
        prop_assert_eq!(bits(&total), bits(&whole.concat()));
    }

    #[test]
    fn blocks_are_added_in_pairs_whatever_comes_first(count in 1..200usize, seed in any::<u64>()) {
        let blocks = Blocks::at_most(count * 64, count);
        prop_assert_eq!(blocks.count(), count);
        let rows: Vec<f64> = (0..count).map(|k| 1.0 / (k as f64 + 0.3)).collect();
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_by_key(|&k| (k as u64 + 1).wrapping_mul(seed | 1));
        let mut sums = BlockSums::new(blocks, 1);
        for &k in &order {
            prop_assert!(sums.total().is_err());
            sums.insert(k..k + 1, &[rows[k]]).expect("is not there yet");
            // What is there can be sent, and taken again.
            let mut sent = BlockSums::new(blocks, 1);
            for (part, numbers) in sums.parts() {
                sent.insert(part, numbers).expect("is a part");
            }
            prop_assert_eq!(&sent, &sums);
        }
        prop_assert_eq!(sums.total().expect("all are there"), vec![by_pairs(rows)]);
        prop_assert_eq!(sums.parts().count(), 1);
    }

    #[test]
    fn shares_are_neighbors_and_have_every_block_once(points in 0..100_000usize, most in 0..200usize, ranks in 1..40usize) {
        let blocks = Blocks::at_most(points, most);
        let mut next = 0;
        for rank in 0..ranks {
            let share = blocks.share(rank, ranks);
            prop_assert_eq!(share.start, next);
            prop_assert!(share.len().abs_diff(blocks.count() / ranks) <= 1);
            next = share.end;
        }
        prop_assert_eq!(next, blocks.count());
        prop_assert_eq!(blocks.points_of(0..next), 0..points);
        prop_assert!(blocks.count() <= most.max(1));
        prop_assert_eq!(blocks.share(ranks, ranks).len(), 0);
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let (columns, blocks) = (columns(300), Blocks::of(300));
    let mut workspace = Workspace::new();
    let part = |range: Range<usize>, workspace: &mut Workspace| of_blocks(blocks, range, &columns, workspace);
    let text = |error: Error| error.to_string();
    let mut sums = part(0..2, &mut workspace);
    assert_eq!(sums.total().map_err(text), Err("blocks 2..5 are missing".into()));
    let before = sums.clone();
    assert_eq!(
        sums.merge(part(1..3, &mut workspace)).map_err(text),
        Err("some of blocks 1..2 are here already".into())
    );
    assert_eq!(sums.insert(2..5, &[0.0; 3]).map_err(text), Err("blocks 2..5 of 5 are not one part".into()));
    assert_eq!(sums.insert(5..6, &[0.0; 3]).map_err(text), Err("blocks 5..6 of 5 are not one part".into()));
    assert_eq!(sums.insert(2..3, &[0.0]).map_err(text), Err("sums of a block: 3 expected, 1 given".into()));
    let other = BlockSums::new(Blocks::of(301), 3);
    assert!(sums.merge(other).is_err_and(|error| text(error).contains("301")));
    assert_eq!(sums, before, "as before");
    assert_eq!(fold_blocks([]).map_err(text), Err("there are no parts".into()));
    let refused = program().block_sums(blocks, 3..6, &[&[], &[], &[1.0]], &mut workspace);
    assert_eq!(refused.map_err(text), Err("blocks 3..6 of a batch that has 5".into()));
    let refused = program().block_sums(blocks, 4..5, &[&[0.0; 300], &[0.0; 44], &[1.0]], &mut workspace);
    assert_eq!(refused.map_err(text), Err("numbers of input 0: 44 expected, 300 given".into()));
    let per_point = Program::from_fn(&[1.0], |x| vec![x[0].exp()], &Options::new()).expect("compiles");
    let refused = per_point.block_sums(Blocks::of(1), 0..1, &[&[1.0]], &mut workspace);
    assert!(refused.is_err_and(|error| text(error).contains("output 0 has a number for each point")));
}

#[test]
fn a_guard_that_flips_names_its_point_in_the_whole_batch() {
    let g = Graph::new();
    let x = g.leaf(1.0);
    let y = g.expr(x);
    let y = if y < 10.0 { y } else { -y };
    let program = Program::compile(&g, [x], [Output::sum(y.id())], &Options::new()).expect("compiles");
    let mut points = vec![1.0; 1000];
    points[700] = 11.0;
    let blocks = Blocks::of(points.len());
    let own = blocks.points_of(8..16);
    for threads in [1, 2] {
        let mut workspace = Workspace::with(Setup::new().threads(threads));
        let flipped = program.block_sums(blocks, 8..16, &[&points[own.clone()]], &mut workspace);
        assert!(matches!(flipped, Err(Error::GuardFlipped { point: Some(700), .. })), "{flipped:?}");
    }
}

#[test]
fn sums_of_another_width_are_refused_also_without_parts() {
    let blocks = Blocks::of(128);
    let mut sums = BlockSums::new(blocks, 2);
    sums.insert(0..1, &[1.0, 2.0]).unwrap();
    let before = sums.clone();
    let without_parts = BlockSums::new(blocks, 3);
    let mut with_parts = without_parts.clone();
    with_parts.insert(1..2, &[1.0; 3]).unwrap();
    for other in [&without_parts, &with_parts] {
        let error = sums.merge(other.clone()).unwrap_err();
        assert!(matches!(error, Error::Length { expected: 2, given: 3, .. }), "{error}");
        assert_eq!(sums, before);
    }
    let error = fold_blocks([sums, with_parts]).unwrap_err();
    assert!(matches!(error, Error::Length { .. }), "{error}");
}
