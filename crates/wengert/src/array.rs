//! Arrays of a few elements.

/// `f` of every element, as [`array::map`], from which the compiler makes a dozen functions for each closure: slow to
/// compile, and called one by one in a debug build. `zero` is any value.
#[inline(always)]
pub(crate) fn each<T: Copy, U: Copy, const N: usize>(xs: [T; N], zero: U, f: impl Fn(T) -> U) -> [U; N] {
    let mut all = [zero; N];
    let mut k = 0;
    while k < N {
        all[k] = f(xs[k]);
        k += 1;
    }
    all
}
