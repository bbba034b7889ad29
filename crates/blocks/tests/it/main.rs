//! The command as a user meets it: what it computes, what it writes, how it fails.

mod asian;
mod bits;
mod command;
mod files;
mod mutated;
mod points;
