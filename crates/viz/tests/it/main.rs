//! Pictures as their users see them.

mod files;
mod labels;
mod lecture;
mod limits;
mod programs;
mod support;
