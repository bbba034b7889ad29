//! Saving: the end of a name tells the form, and a file is written whole or not at all.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::Error;
use crate::picture::Picture;

impl Picture {
    /// Writes the picture to a file, in the form that the end of its name tells: `.dot`, `.svg`,
    /// `.png` or `.html`. The file is written whole or not at all.
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
        write_whole(path, &bytes).map_err(|source| Error::Unwritable {
            path: path.into(),
            source,
        })
    }
}

/// Writes beside the file and moves it there, so that no reader sees half of it.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = beside(path);
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&beside)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // There is nothing to remove where creating it was what failed.
        let _ = fs::remove_file(&beside);
    }
    written
}

/// A name in the folder of `path` that no other process or thread uses.
fn beside(path: &Path) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(
        ".{}-{}.tmp",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    ));
    path.with_file_name(name)
}
