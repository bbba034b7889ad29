//! What can go wrong between a graph and a file on disk, each with a name and what to do about it.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use crate::dot::grouped;

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A root is no node of the graph, or a value that is to be shown is stale.
    #[error(transparent)]
    Graph(#[from] wengert::Error),
    /// A scope was to be collapsed that nothing in the picture was recorded in.
    #[error(
        "no node of the picture was recorded in the scope {path:?}; Graph::scope_of tells the scopes of a node, outermost first"
    )]
    NoSuchScope {
        /// The path that was given, joined by `/`.
        path: String,
    },
    /// More boxes than Graphviz lays out in reasonable time.
    #[error(
        "{} boxes are too many for Graphviz, which takes {} at most here: lower node_limit or depth_limit, collapse scopes, or save a .dot file",
        grouped(*.boxes), grouped(*.limit)
    )]
    TooLarge {
        /// How many boxes, op nodes included, the picture has.
        boxes: usize,
        /// How many it may have.
        limit: usize,
    },
    /// Graphviz was stopped because it took too long.
    #[error(
        "Graphviz had not laid out {} boxes after {limit:?} and was stopped: lower node_limit or depth_limit, collapse scopes, or raise time_limit",
        grouped(*.boxes)
    )]
    TooSlow {
        /// How many boxes, op nodes included, the picture has.
        boxes: usize,
        /// How long it was given.
        limit: Duration,
    },
    /// As a bitmap the picture would be shrunk until it cannot be read.
    #[error(
        "the picture is too wide or high for a readable png: save an svg, lower node_limit or depth_limit, or collapse scopes"
    )]
    TooLargeForPng,
    /// Graphviz's `dot` could not be started.
    #[error("cannot start {}: {source}; install Graphviz (its package is called graphviz), name the command with Options::graphviz, or save a .dot file", .command.display())]
    GraphvizMissing {
        /// The command that was tried.
        command: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Graphviz ran and reported failure, or gave no picture.
    #[error("{} failed ({status}): {message}", .command.display())]
    GraphvizFailed {
        /// The command that was run.
        command: PathBuf,
        /// How it ended.
        status: ExitStatus,
        /// What it wrote to its error stream.
        message: String,
    },
    /// The name of the file does not say what to write.
    #[error("{}: the name must end in .dot, .svg, .png or .html", .path.display())]
    UnknownFormat {
        /// The path that was given.
        path: PathBuf,
    },
    /// The file could not be written; what stood there before still stands there.
    #[error("cannot write {}: {source}", .path.display())]
    Unwritable {
        /// The path that was given.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}
