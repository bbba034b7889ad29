//! Hash tables for keys that no attacker chooses: from `std`, or without it from `hashbrown`.

use rustc_hash::FxBuildHasher;

#[cfg(not(feature = "std"))]
pub(crate) use hashbrown::{HashMap, HashSet};
#[cfg(feature = "std")]
pub(crate) use std::collections::{HashMap, HashSet};

pub(crate) type FxHashMap<K, V> = HashMap<K, V, FxBuildHasher>;
pub(crate) type FxHashSet<T> = HashSet<T, FxBuildHasher>;
