//! Hash tables for keys that nobody chooses to collide: those of `std`, or, without it, those that `std` is made of.

use rustc_hash::FxBuildHasher;

#[cfg(not(feature = "std"))]
pub(crate) use hashbrown::{HashMap, HashSet};
#[cfg(feature = "std")]
pub(crate) use std::collections::{HashMap, HashSet};

pub(crate) type FxHashMap<K, V> = HashMap<K, V, FxBuildHasher>;
pub(crate) type FxHashSet<T> = HashSet<T, FxBuildHasher>;
