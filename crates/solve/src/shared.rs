//! A shape for several threads.

use std::cell::RefCell;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use thread_local::ThreadLocal;

use crate::shape::Shape;

/// A shape that several threads evaluate by `&self`, each with a clone of its own: made by [`Shape::shared`].
///
/// ```
/// use wengert_solve::{Objective, Shape};
///
/// let f = Objective::new(|x| x[0] * x[1].exp(), &[2.0, 0.0])?.shared();
/// std::thread::scope(|threads| {
///     for k in 0..4 {
///         let f = &f;
///         threads.spawn(move || f.with(|f| assert_eq!(f.value(&[k.into(), 0.0]).unwrap(), k.into())));
///     }
/// });
/// assert_eq!(f.with(|f| f.evaluations()), 4);
/// # Ok::<(), wengert_solve::Error>(())
/// ```
pub struct Shared<S: Shape> {
    original: Mutex<S>,
    of_thread: ThreadLocal<RefCell<S>>,
}

impl<S: Shape> fmt::Debug for Shared<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl<S: Shape> Shared<S> {
    pub(crate) fn new(original: S) -> Shared<S> {
        Shared { original: Mutex::new(original), of_thread: ThreadLocal::new() }
    }

    /// Calls `f` with the clone of this thread, which is made at its first call.
    ///
    /// # Panics
    /// Where `f` calls this function of the same `Shared` again.
    #[track_caller]
    pub fn with<R>(&self, f: impl FnOnce(&mut S) -> R) -> R {
        let clone = || RefCell::new(self.original.lock().unwrap_or_else(PoisonError::into_inner).clone());
        let Ok(mut shape) = self.of_thread.get_or(clone).try_borrow_mut() else {
            panic!("Shared::with was called in a call of it: use the shape that the closure was given")
        };
        f(&mut shape)
    }

    /// The shape as it was before it was shared, but with the counts of all threads. Use this, for example, to set its data
    /// and share it again.
    ///
    /// ```
    /// use wengert_solve::{Objective, Shape};
    ///
    /// let f = Objective::with_data(|x, data| x[0] * data[0], &[2.0], &[3.0])?.shared();
    /// assert_eq!(f.with(|f| f.value(&[2.0]))?, 6.0);
    /// let mut f = f.into_inner();
    /// f.set_data(&[5.0])?;
    /// assert_eq!(f.shared().with(|f| f.value(&[2.0]))?, 10.0);
    /// # Ok::<(), wengert_solve::Error>(())
    /// ```
    pub fn into_inner(self) -> S {
        self.original.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}
