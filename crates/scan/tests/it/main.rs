//! Scans as their users call them.

mod functions;
mod gradients;
mod loops;
mod pictures;
mod refused;
mod schedules;
mod tangents;
mod watched;
