//! A picture and the forms it is saved in. Read [`crate::page`] next, or [`crate::error`].

use std::ffi::OsStr;
use std::fmt;
use std::path::Path;

use crate::dot;
use crate::error::Error;
use crate::graphviz::{self, Rendered};
use crate::model::Drawing;
use crate::options::Options;
use crate::page;
use crate::select::Hidden;

/// A drawn graph. Displays as DOT text.
#[derive(Clone, Debug)]
pub struct Picture {
    pub(crate) drawing: Drawing,
    pub(crate) hidden: Hidden,
    pub(crate) options: Options,
}

/// How many boxes, op nodes included, Graphviz is asked to lay out at most: a perceptron's graph
/// of 5,500 took it 12 s on a machine of 2023, and the time grows faster than the square.
const MOST_BOXES: usize = 5_000;

/// Dots per inch of a bitmap, the first with which it is not too large.
const RESOLUTIONS: [&str; 3] = ["-Gdpi=144", "-Gdpi=96", "-Gdpi=72"];

impl Picture {
    /// What is drawn.
    pub fn petgraph(&self) -> &Drawing {
        &self.drawing
    }

    /// How many of the nodes that the roots depend on a limit left out.
    pub fn hidden_nodes(&self) -> usize {
        self.hidden.nodes
    }

    /// What the picture says below the graph: how many nodes are not shown and by which limit.
    pub fn note(&self) -> Option<String> {
        dot::note(&self.drawing, self.hidden, &self.options)
    }

    /// The DOT text. The same graph gives the same text.
    pub fn dot(&self) -> String {
        dot::write(&self.drawing, self.hidden, &self.options)
    }

    /// The SVG text, laid out by Graphviz.
    ///
    /// # Errors
    /// [`Error::TooLarge`] beyond 5,000 boxes (op nodes included), [`Error::TooSlow`],
    /// [`Error::GraphvizMissing`], [`Error::GraphvizFailed`].
    pub fn svg(&self) -> Result<String, Error> {
        let rendered = self.lay_out(&["-Tsvg"])?;
        Ok(String::from_utf8_lossy(&rendered.bytes).into_owned())
    }

    /// The PNG file, laid out by Graphviz: 144 dots an inch, less where it would grow too large.
    ///
    /// # Errors
    /// As [`Picture::svg`], and [`Error::TooLargeForPng`].
    pub fn png(&self) -> Result<Vec<u8>, Error> {
        for resolution in RESOLUTIONS {
            let rendered = self.lay_out(&["-Tpng", resolution])?;
            if !rendered.remarks.contains("too large for cairo") {
                return Ok(rendered.bytes);
            }
        }
        Err(Error::TooLargeForPng)
    }

    /// A page that shows the picture and what its colours mean; it needs no other file.
    ///
    /// # Errors
    /// As [`Picture::svg`].
    pub fn html(&self, title: &str) -> Result<String, Error> {
        Ok(page::page(title, &self.svg()?))
    }

    /// Writes the picture to a file, in the form that the end of its name tells: `.dot`, `.svg`,
    /// `.png` or `.html`; whole or not at all, as [`wengert_file::save`] does.
    ///
    /// # Errors
    /// [`Error::UnknownFormat`], [`Error::Unwritable`], and what the form can meet:
    /// [`Picture::svg`], [`Picture::png`]. The file, if there was one, is as before.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = path.as_ref();
        let ending = path.extension().and_then(OsStr::to_str).map(str::to_ascii_lowercase);
        let bytes = match ending.as_deref() {
            Some("dot") => self.dot().into_bytes(),
            Some("svg") => self.svg()?.into_bytes(),
            Some("png") => self.png()?,
            Some("html") => {
                let title = path.file_stem().unwrap_or_default().to_string_lossy();
                self.html(&title)?.into_bytes()
            }
            _ => return Err(Error::UnknownFormat { path: path.into() }),
        };
        wengert_file::save(path, &bytes).map_err(|source| Error::Unwritable {
            path: path.into(),
            source,
        })
    }

    fn lay_out(&self, arguments: &[&str]) -> Result<Rendered, Error> {
        let boxes = self.drawing.node_count();
        if boxes > MOST_BOXES {
            return Err(Error::TooLarge {
                boxes,
                limit: MOST_BOXES,
            });
        }
        graphviz::run(
            &self.options.graphviz,
            arguments,
            self.dot(),
            boxes,
            self.options.time_limit,
        )
    }
}

impl fmt::Display for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.dot())
    }
}
