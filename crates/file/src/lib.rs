//! Saving a file whole or not at all. Programs, nets and pictures are saved with it.
//!
//! [`save`] writes a new file beside the target and renames it. It keeps symbolic links and modes, leaves at
//! most one file behind when it is killed, and can write to a pipe.
#![forbid(unsafe_code)]

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Writes these bytes to the file at `path`. Afterwards the file holds all of them, or what it held before.
///
/// - A symbolic link stays; the file that it points to is replaced, or created if it is missing.
/// - The new file has the mode of the old one, and its owner and group if the system permits. Hard links to
///   the old file keep the old content. A file without write permission is refused.
/// - Anything but a regular file (a pipe, a terminal, `/dev/null`), and a file that the process has open
///   (`/dev/stdout`), is written to directly. If that fails, part of the bytes may be written. A pipe without
///   a reader waits for one.
/// - Threads and processes that save the same file wait for each other.
/// - A save that is killed may leave one file beside the target, `.NAME.saving`. The next save of that target
///   removes it.
///
/// When it returns, the bytes are on the disk; on Unix, so is the name.
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
/// The error of the system: the folder does not exist, the target is a folder, permission is denied, the disk
/// is full. The target is as before, unless only syncing its folder failed.
pub fn save(path: impl AsRef<Path>, bytes: &[u8]) -> io::Result<()> {
    let path = path.as_ref();
    // Opening it shows whether it may be written, and changes nothing.
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
    // Cut off, since names have a maximal length. Targets with the same first 50 characters wait for each other.
    let name: String = name.chars().take(50).collect();
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let beside = folder.join(format!(".{name}.saving"));
    // The old file may have been readable by its owner alone.
    let mut file = claim(&beside, if before.is_some() { 0o600 } else { 0o666 })?;
    let saved = fill(&mut file, bytes, before).and_then(|()| fs::rename(&beside, &target));
    if saved.is_err() {
        // It is ours while we hold the lock. If this fails, the next save removes it.
        let _ = fs::remove_file(&beside);
    }
    saved.and_then(|()| sync(folder))
}

/// The result, or `None` where there is no such file.
fn found<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        result => result.map(Some),
    }
}

/// The file that the links lead to, which may not exist; `None` where they lead to a file that this process
/// has open.
fn follow(path: &Path) -> io::Result<Option<PathBuf>> {
    let mut target = path.to_path_buf();
    // Linux follows as many.
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

/// Creates a file of this name and locks it against other saves.
#[cfg_attr(not(unix), allow(unused_variables, reason = "only Unix has modes"))]
fn claim(beside: &Path, mode: u32) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    loop {
        match options.open(beside) {
            Ok(file) => {
                file.lock()?;
                // Before it was locked, another save may have removed it as left over.
                if is_at(&file, beside)? {
                    return Ok(file);
                }
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => found(clear(beside)).map(drop)?,
            Err(error) => return Err(error),
        }
    }
}

/// Removes the file of a save that was killed, or waits for a save in progress.
fn clear(beside: &Path) -> io::Result<()> {
    // Only a file can be left over from a save; a folder stays, and is an error.
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

/// Whether the open file is the one at this path now.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let there = found(same_file::Handle::from_path(path))?;
    Ok(there == Some(same_file::Handle::from_file(file.try_clone()?)?))
}

/// Writes all bytes to the disk, and sets the owner and mode of the old file.
#[cfg_attr(not(unix), allow(unused_variables, reason = "only Unix has owners and modes"))]
fn fill(file: &mut File, bytes: &[u8], before: Option<Metadata>) -> io::Result<()> {
    file.write_all(bytes)?;
    #[cfg(unix)]
    if let Some(before) = before {
        use std::os::unix::fs::{MetadataExt, fchown};
        // Few users may change the owner. The mode is set last, since changing the owner clears some of its bits.
        let _ = fchown(&*file, Some(before.uid()), Some(before.gid()));
        file.set_permissions(before.permissions())?;
    }
    file.sync_all()
}

/// Syncs the folder to the disk. Ignores errors on Windows, and for a folder that may not be read.
fn sync(folder: &Path) -> io::Result<()> {
    const IGNORED: [ErrorKind; 3] = [ErrorKind::PermissionDenied, ErrorKind::InvalidInput, ErrorKind::Unsupported];
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        Err(error) if cfg!(not(unix)) || IGNORED.contains(&error.kind()) => Ok(()),
        result => result,
    }
}
