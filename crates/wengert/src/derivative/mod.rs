//! Derivatives: as numbers, as more graph, over closures, sparse.

pub(crate) mod closures;
mod hash_cons;
mod numeric;
pub(crate) mod sparse;
mod symbolic;
mod term;
