//! Derivatives: as numbers, as graph nodes, of closures, and sparse.

pub(crate) mod closures;
mod hash_cons;
mod numeric;
pub(crate) mod sparse;
mod symbolic;
mod term;
