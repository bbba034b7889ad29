//! Programs as their users call them.

mod basics;
mod batches;
mod blocks;
mod call;
mod dag;
mod derivatives;
mod external;
mod files;
mod format;
mod guards;
mod laws;
mod matrices;
mod messages;
mod native;
mod raw;
mod serial;
mod source;
mod spreads;
mod strict;
