//! Pictures as their users see them.

mod external;
mod files;
mod labels;
mod layout;
mod lecture;
mod limits;
mod pages;
mod programs;
mod summary;
mod support;
mod tex;
