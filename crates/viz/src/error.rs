//! What can go wrong between a graph and a file on disk, each with a name and what to do about it.

use std::io;
use std::path::PathBuf;

use crate::words::grouped;

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A root is not a node of the graph, or a value that is to be shown is stale.
    #[error(transparent)]
    Graph(#[from] wengert::Error),
    /// No node of the picture was recorded in the scope to collapse.
    #[error(
        "no node of the picture was recorded in the scope {path:?}; Graph::scope_of gives the scopes of a node, outermost first"
    )]
    NoSuchScope {
        /// The path that was given, joined by `/`.
        path: String,
    },
    /// More boxes than a picture can have.
    #[error(
        "{} boxes are too many for one picture, which takes {} at most: lower node_limit or depth_limit, or collapse scopes",
        grouped(*.boxes), grouped(*.limit)
    )]
    TooLarge {
        /// How many boxes, op nodes included, the picture has.
        boxes: usize,
        /// How many it may have.
        limit: usize,
    },
    /// The bitmap would have more than a hundred million pixels.
    #[error(
        "the picture is too wide or high for a png: save an svg, lower node_limit or depth_limit, or collapse scopes"
    )]
    TooLargeForPng,
    /// This build cannot draw bitmaps.
    #[error("this build of wengert-viz draws no png: turn on its feature `png`, or save an svg")]
    PngNotBuilt,
    /// A bitmap could not be drawn.
    #[error("the png could not be drawn: {reason}; save an svg")]
    Png {
        /// What the renderer said.
        reason: String,
    },
    /// The name of the file has no known extension.
    #[error("{}: the name must end in .dot, .svg, .png or .html", .path.display())]
    UnknownFormat {
        /// The path that was given.
        path: PathBuf,
    },
    /// The file could not be written; an older one at that path is unchanged.
    #[error("cannot write {}: {source}", .path.display())]
    Unwritable {
        /// The path that was given.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}
