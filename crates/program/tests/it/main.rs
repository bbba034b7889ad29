//! Programs as their users call them.

mod basics;
mod batches;
mod dag;
mod derivatives;
mod files;
mod format;
mod laws;
mod matrices;
mod native;
mod raw;
mod source;
mod spreads;
