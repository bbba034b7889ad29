use ::faer::sparse::{SparseColMat, SymbolicSparseColMat};
use proptest::prelude::*;
use wengert::{Pattern, Sparse};

use crate::{as_faer, as_sprs, from_faer, from_nalgebra, from_sprs, to_faer, to_nalgebra, to_sprs};

/// The bits of a matrix.
fn bits(matrix: &Sparse) -> (Pattern, Vec<u64>) {
    (matrix.pattern().clone(), matrix.values().iter().map(|value| value.to_bits()).collect())
}

fn assert_there_and_back(matrix: &Sparse) {
    let expected = bits(matrix);
    assert_eq!(bits(&from_faer(as_faer(matrix))), expected);
    assert_eq!(bits(&from_faer(to_faer(matrix).as_ref())), expected);
    assert_eq!(bits(&from_nalgebra(&to_nalgebra(matrix))), expected);
    assert_eq!(bits(&from_sprs(as_sprs(matrix))), expected);
    assert_eq!(bits(&from_sprs(to_sprs(matrix).view())), expected);
    assert_eq!(bits(&from_sprs(to_sprs(matrix).to_csr().view())), expected);
}

fn matrix(rows: usize, cols: usize, entries: &[(usize, usize)], value: impl Fn(usize) -> f64) -> Sparse {
    let pattern = Pattern::from_entries(rows, cols, entries.iter().copied());
    let values = (0..pattern.len()).map(value).collect();
    Sparse::new(pattern, values)
}

proptest! {
    #[test]
    fn a_matrix_comes_back_to_the_bit(
        (rows, cols, entries) in (1..9_usize, 1..9_usize).prop_flat_map(|(rows, cols)| {
            (Just(rows), Just(cols), prop::collection::vec((0..rows, 0..cols), 0..30))
        }),
        values in prop::array::uniform30(prop::num::f64::ANY),
    ) {
        assert_there_and_back(&matrix(rows, cols, &entries, |k| values[k]));
    }
}

#[test]
fn matrices_without_entries_rows_or_columns_come_back() {
    for (rows, cols) in [(0, 0), (0, 3), (3, 0), (2, 4)] {
        assert_there_and_back(&matrix(rows, cols, &[], |_| 1.0));
    }
}

#[test]
fn a_column_with_stored_zeros_of_either_sign_comes_back() {
    let zeros = |k: usize| if k == 1 { -0.0 } else { 0.0 };
    assert_there_and_back(&matrix(4, 1, &[(3, 0), (0, 0), (2, 0)], zeros));
}

#[test]
fn unsorted_and_repeated_entries_of_faer_are_sorted_and_added_up() {
    let pattern = SymbolicSparseColMat::new_unsorted_checked(3, 2, vec![0, 4, 5], None, vec![2, 0, 2, 1, 0]);
    let given = SparseColMat::new(pattern, vec![1.0, 2.0, 10.0, -0.0, 5.0]);
    let back = from_faer(given.as_ref());
    assert_eq!(bits(&back), bits(&matrix(3, 2, &[(0, 0), (1, 0), (2, 0), (0, 1)], |k| [2.0, -0.0, 11.0, 5.0][k])));
}

#[test]
fn columns_of_faer_with_room_for_further_entries_are_read_to_their_ends() {
    let pattern = SymbolicSparseColMat::new_unsorted_checked(2, 2, vec![0, 2, 4], Some(vec![1, 2]), vec![1, 0, 0, 1]);
    let given = SparseColMat::new(pattern, vec![3.0, f64::NAN, 5.0, 7.0]);
    assert_eq!(from_faer(given.as_ref()).to_dense(), [[0.0, 5.0], [3.0, 7.0]]);
}
