//! Things that are costly to make and are used by one call at a time, kept from call to call.

use std::sync::{Mutex, PoisonError};

/// How many are kept.
const KEPT: usize = 8;

/// The last few, the newest last.
#[derive(Debug)]
pub(crate) struct Pool<T>(Mutex<Vec<T>>);

impl<T> Pool<T> {
    pub(crate) fn new() -> Pool<T> {
        Pool(Mutex::new(Vec::new()))
    }

    /// Takes the newest that fits.
    pub(crate) fn take(&self, fits: impl Fn(&T) -> bool) -> Option<T> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().rposition(fits).map(|at| kept.remove(at))
    }

    /// Keeps it, and drops the oldest if there are too many.
    pub(crate) fn keep(&self, one: T) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == KEPT {
            kept.remove(0);
        }
        kept.push(one);
    }
}
