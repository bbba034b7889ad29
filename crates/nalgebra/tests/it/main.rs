//! nalgebra over numbers that record.

mod linear;
mod numbers;
mod operators;
