//! The output folder. Each file is written whole or not at all.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use wengert_viz::Picture;

use crate::say;

/// A folder that can be written to, and the files written there.
pub(crate) struct Folder {
    path: PathBuf,
    written: Vec<(PathBuf, &'static str)>,
    /// Pictures that were written as .dot files only, because Graphviz is not installed.
    undrawn: Vec<PathBuf>,
}

impl Folder {
    /// Creates the folder if it is missing, and checks that files can be written there.
    pub(crate) fn open(path: &Path) -> Result<Folder, Box<dyn Error>> {
        let probe = path.join(format!(".wengert-{}", std::process::id()));
        fs::create_dir_all(path)
            .and_then(|()| fs::write(&probe, "can this be written?"))
            .and_then(|()| fs::remove_file(&probe))
            .map_err(|error| {
                format!(
                    "cannot write to the folder {}: {error}; choose another with --out",
                    path.display()
                )
            })?;
        Ok(Folder {
            path: path.to_owned(),
            written: Vec::new(),
            undrawn: Vec::new(),
        })
    }

    /// The path for a file of this name. Adds the file to the list at the end of the tour.
    pub(crate) fn place(&mut self, name: &str, what: &'static str) -> PathBuf {
        let path = self.path.join(name);
        self.written.push((path.clone(), what));
        path
    }

    /// Writes a file.
    pub(crate) fn write(&mut self, name: &str, what: &'static str, text: &str) -> Result<(), Box<dyn Error>> {
        let path = self.place(name, what);
        wengert_file::save(&path, text.as_bytes())
            .map_err(|error| format!("cannot write {}: {error}", path.display()).into())
    }

    /// Writes the picture of a graph: the DOT text, and an SVG where Graphviz is installed.
    pub(crate) fn draw(&mut self, name: &str, what: &'static str, picture: &Picture) -> Result<(), Box<dyn Error>> {
        let dot = self.path.join(format!("{name}.dot"));
        picture.save(&dot)?;
        let svg = dot.with_extension("svg");
        match picture.save(&svg) {
            Ok(()) => {
                self.written.push((svg, what));
                self.written.push((dot, "the same, for Graphviz"));
            }
            Err(wengert_viz::Error::GraphvizMissing { .. }) => {
                self.written.push((dot.clone(), what));
                self.undrawn.push(dot);
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Lists the files written.
    pub(crate) fn list(&self) {
        say!("Written:");
        let width = self
            .written
            .iter()
            .map(|(path, _)| path.display().to_string().chars().count())
            .max()
            .unwrap_or(0);
        for (path, what) in &self.written {
            say!("  {:width$}  {what}", path.display().to_string());
        }
        if !self.undrawn.is_empty() {
            say!("Graphviz is not installed. Install the package graphviz, then draw the graphs with:");
            for dot in &self.undrawn {
                say!(
                    "  dot -Tsvg {} -o {}",
                    dot.display(),
                    dot.with_extension("svg").display()
                );
            }
        }
    }
}
