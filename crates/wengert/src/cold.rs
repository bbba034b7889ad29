//! What tells the compiler how often code runs, and keeps what hardly runs out of the way.

/// Marks the branch it stands in as one that is hardly taken, so that the usual one runs straight
/// on: jumps that are taken are what bounds a sweep.
#[cold]
pub(crate) fn rare() {}

/// Runs what hardly ever has to.
#[cold]
#[inline(never)]
pub(crate) fn rarely<T>(f: impl FnOnce() -> T) -> T {
    f()
}

/// Runs what would otherwise take the registers of the loop it stands in.
#[inline(never)]
pub(crate) fn out_of_line<T>(f: impl FnOnce() -> T) -> T {
    f()
}
