//! Hints to the compiler about code that rarely runs.

/// Marks the branch that calls it as rarely taken, so that the usual branch needs no jump. Taken jumps limit the speed
/// of a sweep.
#[cold]
pub(crate) fn rare() {}

/// Runs `f`, which is rarely needed.
#[cold]
#[inline(never)]
pub(crate) fn rarely<T>(f: impl FnOnce() -> T) -> T {
    f()
}

/// Runs `f` in a function of its own, so that it does not take registers of the loop around it.
#[inline(never)]
pub(crate) fn out_of_line<T>(f: impl FnOnce() -> T) -> T {
    f()
}
