//! Allocation that returns an error where the allocator refuses, instead of ending the process.

use alloc::collections::BinaryHeap;
use alloc::vec::Vec;
use core::hash::{BuildHasher, Hash};

use bytemuck::Zeroable;
use bytemuck::allocation::try_zeroed_vec;
use smallvec::{Array, SmallVec};

use crate::hash::{HashMap, HashSet};

/// The allocator refused room for this many items.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Refused {
    pub items: usize,
    pub bytes: usize,
}

impl Refused {
    #[cold]
    fn of<T>(items: usize) -> Refused {
        Refused { items, bytes: items.saturating_mul(size_of::<T>()) }
    }
}

/// Collections that make room, or return an error.
#[doc(hidden)]
pub trait Room {
    /// Makes room for this many more.
    ///
    /// # Errors
    /// [`Refused`]. The collection is unchanged.
    fn room(&mut self, more: usize) -> Result<(), Refused>;
}

/// Implements [`Room`] by `try_reserve`.
macro_rules! room {
    ($([$($generics:tt)*] $Type:ty, of $Item:ty;)+) => {$(
        impl<$($generics)*> Room for $Type {
            #[inline]
            fn room(&mut self, more: usize) -> Result<(), Refused> {
                self.try_reserve(more).map_err(|_| Refused::of::<$Item>(self.len().saturating_add(more)))
            }
        }
    )+};
}

room! {
    [T] Vec<T>, of T;
    [T: Ord] BinaryHeap<T>, of T;
    [A: Array] SmallVec<A>, of A::Item;
    [K: Eq + Hash, V, S: BuildHasher] HashMap<K, V, S>, of (K, V);
    [K: Eq + Hash, S: BuildHasher] HashSet<K, S>, of K;
}

/// Lists that grow, or return an error.
#[doc(hidden)]
pub trait Grow<T> {
    /// Appends an item.
    ///
    /// # Errors
    /// [`Refused`].
    fn try_push(&mut self, item: T) -> Result<(), Refused>;

    /// Appends items.
    ///
    /// # Errors
    /// [`Refused`]. Some items may have been appended.
    fn try_extend(&mut self, items: impl IntoIterator<Item = T>) -> Result<(), Refused>;
}

impl<T> Grow<T> for Vec<T> {
    #[inline]
    fn try_push(&mut self, item: T) -> Result<(), Refused> {
        if self.len() == self.capacity() {
            self.room(1)?;
        }
        self.push(item);
        Ok(())
    }

    #[inline]
    fn try_extend(&mut self, items: impl IntoIterator<Item = T>) -> Result<(), Refused> {
        let mut items = items.into_iter();
        let (least, most) = items.size_hint();
        self.room(least)?;
        if most == Some(least) {
            self.extend(items);
            return Ok(());
        }
        items.try_for_each(|item| self.try_push(item))
    }
}

/// An empty list with room for this many.
///
/// # Errors
/// [`Refused`].
#[doc(hidden)]
pub fn with_room<T>(items: usize) -> Result<Vec<T>, Refused> {
    let mut list = Vec::new();
    list.try_reserve_exact(items).map_err(|_| Refused::of::<T>(items))?;
    Ok(list)
}

/// A list of this many zeros. For a long list the system hands out pages only when they are written to.
///
/// # Errors
/// [`Refused`].
#[doc(hidden)]
pub fn zeroed<T: Zeroable>(items: usize) -> Result<Vec<T>, Refused> {
    try_zeroed_vec(items).map_err(|()| Refused::of::<T>(items))
}

/// A list of this many copies of an item.
///
/// # Errors
/// [`Refused`].
#[doc(hidden)]
pub fn filled<T: Clone>(item: T, items: usize) -> Result<Vec<T>, Refused> {
    let mut list = with_room(items)?;
    list.resize(items, item);
    Ok(list)
}

/// A list of items.
///
/// # Errors
/// [`Refused`].
#[doc(hidden)]
pub fn collected<T>(items: impl IntoIterator<Item = T>) -> Result<Vec<T>, Refused> {
    let mut list = Vec::new();
    list.try_extend(items)?;
    Ok(list)
}
