//! Scans as their users call them.

mod gradients;
mod loops;
mod refused;
mod schedules;
mod tangents;
mod watched;
