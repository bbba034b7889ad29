//! Saving: the file extension gives the format, and a file is written whole or not at all.

use std::ffi::OsStr;
use std::path::Path;

use crate::error::Error;
use crate::picture::Picture;

impl Picture {
    /// Writes the picture to a file, in the format given by its extension: `.dot`, `.svg`, `.png` or `.html`. It is
    /// written whole or not at all: see [`wengert_file::save`].
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let l = (g.var(2.0).named("a") * g.var(-3.0).named("b")).named("L");
    /// let picture = wengert_viz::draw(&g, &[l.id()])?;
    /// let path = std::env::temp_dir().join(format!("wengert-{}.svg", std::process::id()));
    /// picture.save(&path)?;
    /// assert_eq!(std::fs::read_to_string(&path).unwrap(), picture.svg()?);
    /// # std::fs::remove_file(path).unwrap();
    /// # Ok::<(), wengert_viz::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::UnknownFormat`], [`Error::Unwritable`], and the errors of the format: [`Picture::svg`],
    /// [`Picture::png`], [`Picture::html`]. The file, if there was one, is as before.
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
        wengert_file::save(path, &bytes).map_err(|source| Error::Unwritable { path: path.into(), source })
    }
}
