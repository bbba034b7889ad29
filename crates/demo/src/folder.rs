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
}

impl Folder {
    /// Creates the folder if it is missing, and checks that files can be written there.
    pub(crate) fn open(path: &Path) -> Result<Folder, Box<dyn Error>> {
        let probe = path.join(format!(".wengert-{}", std::process::id()));
        fs::create_dir_all(path)
            .and_then(|()| fs::write(&probe, "can this be written?"))
            .and_then(|()| fs::remove_file(&probe))
            .map_err(|error| {
                format!("cannot write to the folder {}: {error}; choose another with --out", path.display())
            })?;
        Ok(Folder { path: path.to_owned(), written: Vec::new() })
    }

    /// The path for a file of this name. Adds the file to the list at the end of the tour.
    pub(crate) fn place(&mut self, name: &str, what: &'static str) -> PathBuf {
        let path = self.path.join(name);
        // A file that is written several times is listed once.
        if !self.written.iter().any(|(known, _)| *known == path) {
            self.written.push((path.clone(), what));
        }
        path
    }

    /// Writes a file.
    pub(crate) fn write(&mut self, name: &str, what: &'static str, text: &str) -> Result<(), Box<dyn Error>> {
        let path = self.place(name, what);
        wengert_file::save(&path, text.as_bytes())
            .map_err(|error| format!("cannot write {}: {error}", path.display()).into())
    }

    /// Writes the picture of a graph, in the format given by the file extension.
    pub(crate) fn draw(&mut self, name: &str, what: &'static str, picture: &Picture) -> Result<(), Box<dyn Error>> {
        let path = self.place(name, what);
        Ok(picture.save(path)?)
    }

    /// Lists the files written.
    pub(crate) fn list(&self) {
        say!("Written:");
        let width = self.written.iter().map(|(path, _)| path.display().to_string().chars().count()).max().unwrap_or(0);
        for (path, what) in &self.written {
            say!("  {:width$}  {what}", path.display().to_string());
        }
    }
}
