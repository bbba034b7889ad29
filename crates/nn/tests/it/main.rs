//! Nets as their users train them.

mod files;
mod fit;
mod moons;
mod nets;
mod serial;
mod small;
mod training;
