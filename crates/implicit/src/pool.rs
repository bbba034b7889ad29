//! Keeps things from call to call that are costly to make, such as the factors of a matrix. One call at a time uses each.

use std::sync::{Mutex, PoisonError};

/// How many are kept.
const KEPT: usize = 8;

/// The last few things, the newest last.
#[derive(Debug)]
pub(crate) struct Pool<T>(Mutex<Vec<T>>);

impl<T> Pool<T> {
    pub(crate) fn new() -> Pool<T> {
        Pool(Mutex::new(Vec::new()))
    }

    /// Takes out the newest that fits.
    pub(crate) fn take(&self, fits: impl Fn(&T) -> bool) -> Option<T> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().rposition(fits).map(|at| kept.remove(at))
    }

    /// Puts a thing in, and drops the oldest if there are too many.
    pub(crate) fn keep(&self, one: T) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == KEPT {
            kept.remove(0);
        }
        kept.push(one);
    }
}
