//! Arrays of a few elements.

/// Applies `f` to every element. [`array::map`] does the same, but compiles to a dozen functions for each closure: that is
/// slow to compile, and slow to run in a debug build. `zero` is any value.
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
