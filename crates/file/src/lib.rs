//! Saving a file whole or not at all: what programs, nets and pictures are saved by.
//!
//! [`save`] writes a file beside the target, which then takes its name. What others made of this idea
//! replaces links, loses modes, or is killed and leaves ever more files; and none writes to a pipe.
#![forbid(unsafe_code)]

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Writes these bytes to the file at `path`, which then holds all of them, or what it held before.
///
/// - A symbolic link stays, and what it points to is replaced, or made where it dangles.
/// - A file that is replaced passes on its mode, and where the system allows it its owner and group;
///   other names of it (hard links) keep what it held. A file that may not be written is refused.
/// - What is not a regular file (a pipe, a terminal, `/dev/null`), and what is open already
///   (`/dev/stdout`, whatever it is), is written to as it is, and may get a part of the bytes where
///   that fails. A pipe without a reader waits for one.
/// - Savers of one file, threads or processes, wait for each other.
/// - A save that is killed may leave one file beside the target, `.NAME.saving`, which the next save
///   of that target clears away.
///
/// The bytes are on the disk when it returns, and on Unix so is their name.
///
/// ```
/// # let path = tempfile::tempdir()?.path().with_extension("txt");
/// wengert_file::save(&path, b"whole")?;
/// assert_eq!(std::fs::read(&path)?, b"whole");
/// # std::fs::remove_file(path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// What the system said: there is no such folder, it is a folder, it may not be written, the disk is
/// full. The target is as before, unless it is the folder that could not be brought to the disk.
pub fn save(path: impl AsRef<Path>, bytes: &[u8]) -> io::Result<()> {
    let path = path.as_ref();
    // Tells whether it may be written, and changes nothing.
    let mut before = found(OpenOptions::new().append(true).open(path))?;
    let target = follow(path)?;
    if let Some(file) = &mut before
        && (target.is_none() || !file.metadata()?.is_file())
    {
        return file.write_all(bytes);
    }
    let before = before.map(|file| file.metadata()).transpose()?;
    let target = target.ok_or(ErrorKind::NotFound)?;
    let name = target.file_name().ok_or(ErrorKind::IsADirectory)?.to_string_lossy();
    // A part of a long name, as names have an end. Targets that begin alike wait for each other.
    let name: String = name.chars().take(50).collect();
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let beside = folder.join(format!(".{name}.saving"));
    // Nobody else may read what perhaps the owner alone could read before.
    let mut file = claim(&beside, if before.is_some() { 0o600 } else { 0o666 })?;
    let saved = fill(&mut file, bytes, before).and_then(|()| fs::rename(&beside, &target));
    if saved.is_err() {
        // It is ours as long as we hold the lock; the next save would clear it.
        let _ = fs::remove_file(&beside);
    }
    saved.and_then(|()| sync(folder))
}

/// What is there, if it is.
fn found<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        result => result.map(Some),
    }
}

/// Where the links lead, the last of which may dangle; `None` where they go through the files that
/// this process has open.
fn follow(path: &Path) -> io::Result<Option<PathBuf>> {
    let mut target = path.to_path_buf();
    // As many as Linux follows.
    for _ in 0..40 {
        if ["/proc", "/dev/fd"].iter().any(|open| target.starts_with(open)) {
            return Ok(None);
        }
        match fs::read_link(&target) {
            Ok(next) => target = target.parent().unwrap_or(Path::new("")).join(next),
            Err(_) => return Ok(Some(target)),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

/// A new file of this name that no other saver has; its lock goes with it.
#[cfg_attr(not(unix), allow(unused_variables, reason = "modes are a matter of Unix"))]
fn claim(beside: &Path, mode: u32) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    loop {
        match options.open(beside) {
            Ok(file) => {
                file.lock()?;
                // Another saver may have taken it for one that was left, before it was locked.
                if is_at(&file, beside)? {
                    return Ok(file);
                }
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => found(clear(beside)).map(drop)?,
            Err(error) => return Err(error),
        }
    }
}

/// Removes what a save left that was killed, or waits for one that is under way.
fn clear(beside: &Path) -> io::Result<()> {
    // No save leaves anything but a file.
    let is_file = fs::symlink_metadata(beside)?.is_file();
    let left = is_file.then(|| File::open(beside)).transpose()?;
    if let Some(left) = &left {
        left.lock()?;
        if !is_at(left, beside)? {
            return Ok(());
        }
    }
    fs::remove_file(beside)
}

/// Whether the open file is what stands there now.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let there = found(same_file::Handle::from_path(path))?;
    Ok(there == Some(same_file::Handle::from_file(file.try_clone()?)?))
}

/// Writes all of it, on the disk, with the owner and mode of the file that was there.
#[cfg_attr(not(unix), allow(unused_variables, reason = "owners and modes are a matter of Unix"))]
fn fill(file: &mut File, bytes: &[u8], before: Option<Metadata>) -> io::Result<()> {
    file.write_all(bytes)?;
    #[cfg(unix)]
    if let Some(before) = before {
        use std::os::unix::fs::{MetadataExt, fchown};
        // Few may give files away; the mode is set last, since this takes bits of it.
        let _ = fchown(&*file, Some(before.uid()), Some(before.gid()));
        file.set_permissions(before.permissions())?;
    }
    file.sync_all()
}

/// Brings the names of a folder to the disk, where there is such a thing: not on Windows, and not
/// for a folder that may not be read.
fn sync(folder: &Path) -> io::Result<()> {
    const NO_SUCH_THING: [ErrorKind; 3] = [
        ErrorKind::PermissionDenied,
        ErrorKind::InvalidInput,
        ErrorKind::Unsupported,
    ];
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        Err(error) if cfg!(not(unix)) || NO_SUCH_THING.contains(&error.kind()) => Ok(()),
        result => result,
    }
}
