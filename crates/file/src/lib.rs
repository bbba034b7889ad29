//! Saving a file completely or not at all. Programs, nets and pictures are saved with it.
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
/// - The new file has the mode of the old one, and its owner and group if the system permits. If it does not permit the
///   group, the new one gets no permission, and no set-id bit stays. Hard links to the old file keep the old content. A file without write permission is refused.
/// - Anything but a regular file (a pipe, a terminal, `/dev/null`) is written to directly, and so is a file that the
///   process has open (`/dev/stdout`, `/dev/fd/3`), at the place where it writes next. If that fails, part of the bytes
///   may be written. A pipe without a reader waits for one.
/// - Threads and processes that save the same file wait for each other.
/// - A save that is killed may leave one file beside the target, `.NAME.saving`. The next save of that target
///   removes it.
/// - On a file system without locks, saves of the same file do not wait for each other: the last one stays, whole. One that
///   is killed may leave a file `.NAME.N.saving`, which stays.
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
    save_with(path.as_ref(), bytes, File::lock)
}

fn save_with(path: &Path, bytes: &[u8], lock: Lock) -> io::Result<()> {
    let target = match follow(path)? {
        Target::Open(number) => return write_open(number, path, bytes),
        Target::Path(target) => target,
    };
    // Opening it shows whether it may be written, and changes nothing.
    let mut before = found(OpenOptions::new().append(true).open(path))?;
    if let Some(file) = &mut before
        && !file.metadata()?.is_file()
    {
        return file.write_all(bytes);
    }
    let before = before.map(|file| file.metadata()).transpose()?;
    let name = target.file_name().ok_or(ErrorKind::IsADirectory)?.to_string_lossy();
    // Cut off, since names have a maximal length. Targets with the same first 50 characters wait for each other.
    let name: String = name.chars().take(50).collect();
    let folder = folder_of(&target);
    // The old file may have been readable by its owner alone.
    let mode = if before.is_some() { 0o600 } else { 0o666 };
    let beside = folder.join(format!(".{name}.saving"));
    let (mut file, beside) = match claim(&beside, mode, lock) {
        Err(error) if says_no_locks(&error) => claim_unlocked(folder, &name, mode)?,
        claimed => (claimed?, beside),
    };
    let saved = fill(&mut file, bytes, before).and_then(|()| fs::rename(&beside, &target));
    if saved.is_err() {
        // It is ours: by the lock, or by its name. If this fails, the next save removes it.
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

/// What a path leads to.
enum Target {
    /// A file that may not exist. The links before it are followed.
    Path(PathBuf),
    /// A file that a process has open; its number if it is this process.
    Open(Option<i32>),
}

/// Follows the links at the end of a path.
fn follow(path: &Path) -> io::Result<Target> {
    let mut target = path.to_path_buf();
    // Linux follows as many.
    for _ in 0..40 {
        if let Ok(folder) = folder_of(&target).canonicalize()
            && ["/proc", "/dev/fd"].iter().any(|open| folder.starts_with(open))
        {
            let own = Path::new("/proc").join(std::process::id().to_string());
            let is_own = folder == Path::new("/dev/fd") || folder.starts_with(own) && folder.ends_with("fd");
            let number = target.file_name().and_then(|name| name.to_str()?.parse().ok());
            return Ok(Target::Open(number.filter(|_| is_own)));
        }
        match fs::read_link(&target) {
            Ok(next) => target = target.parent().unwrap_or(Path::new("")).join(next),
            Err(_) => return Ok(Target::Path(target)),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes to a file that is open, at the place where the process that opened it writes next.
fn write_open(number: Option<i32>, path: &Path, bytes: &[u8]) -> io::Result<()> {
    match number {
        // By the handles that have buffers.
        Some(1) => write_and_flush(io::stdout().lock(), bytes),
        Some(2) => write_and_flush(io::stderr().lock(), bytes),
        #[cfg(target_os = "linux")]
        Some(number) if found(fs::metadata(path))?.is_some_and(|file| file.is_file()) => {
            // Opening the path would give a place of its own, at the start or at the end.
            use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
            let this = pidfd_open(getpid(), PidfdFlags::empty())?;
            File::from(pidfd_getfd(this, number, PidfdGetfdFlags::empty())?).write_all(bytes)
        }
        _ => OpenOptions::new().append(true).open(path)?.write_all(bytes),
    }
}

fn write_and_flush(mut output: impl Write, bytes: &[u8]) -> io::Result<()> {
    output.write_all(bytes)?;
    output.flush()
}

/// How a file is locked; a test has another way.
type Lock = fn(&File) -> io::Result<()>;

/// Whether it says that the file system has no locks.
fn says_no_locks(error: &io::Error) -> bool {
    // NFS whose server has no lock service.
    #[cfg(unix)]
    if error.raw_os_error() == Some(rustix::io::Errno::NOLCK.raw_os_error()) {
        return true;
    }
    error.kind() == ErrorKind::Unsupported
}

/// Creates a file of this name and locks it against other saves.
fn claim(beside: &Path, mode: u32, lock: Lock) -> io::Result<File> {
    loop {
        match create_new(beside, mode) {
            Ok(file) => {
                if let Err(error) = lock(&file) {
                    fs::remove_file(beside)?;
                    return Err(error);
                }
                // Before it was locked, another save may have removed it as left over.
                if is_at(&file, beside)? {
                    return Ok(file);
                }
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => found(clear(beside, lock)).map(drop)?,
            Err(error) => return Err(error),
        }
    }
}

/// Creates a file whose name no other save has.
fn claim_unlocked(folder: &Path, name: &str, mode: u32) -> io::Result<(File, PathBuf)> {
    let mut number = 0u64;
    loop {
        let beside = folder.join(format!(".{name}.{number}.saving"));
        match create_new(&beside, mode) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
            created => return created.map(|file| (file, beside)),
        }
    }
}

#[cfg_attr(not(unix), allow(unused_variables, reason = "only Unix has modes"))]
fn create_new(path: &Path, mode: u32) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    options.open(path)
}

/// Removes the file of a save that was killed, or waits for a save in progress.
fn clear(beside: &Path, lock: Lock) -> io::Result<()> {
    // Only a file can be left over from a save; a folder stays, and is an error.
    let is_file = fs::symlink_metadata(beside)?.is_file();
    let left = is_file.then(|| opened(beside)).transpose()?;
    if let Some(left) = &left {
        lock(left)?;
        if !is_at(left, beside)? {
            return Ok(());
        }
    }
    fs::remove_file(beside)
}

/// Whether the open file is the one at this path now.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let there = found(opened(path))?.map(same_file::Handle::from_file).transpose()?;
    Ok(there == Some(same_file::Handle::from_file(file.try_clone()?)?))
}

/// The file, open to write or, if it may not be written, to read. NFS locks only files that are open to write.
fn opened(path: &Path) -> io::Result<File> {
    match OpenOptions::new().append(true).open(path) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => File::open(path),
        result => result,
    }
}

/// Writes all bytes to the disk, and sets the owner and mode of the old file.
#[cfg_attr(not(unix), allow(unused_variables, reason = "only Unix has owners and modes"))]
fn fill(file: &mut File, bytes: &[u8], before: Option<Metadata>) -> io::Result<()> {
    file.write_all(bytes)?;
    #[cfg(unix)]
    if let Some(before) = before {
        use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
        // Few users may change the owner, and only to a group of theirs the group.
        let _ = fchown(&*file, Some(before.uid()), Some(before.gid()))
            .or_else(|_| fchown(&*file, None, Some(before.gid())));
        let now = file.metadata()?;
        let mode = kept_mode(before.mode(), now.uid() == before.uid(), now.gid() == before.gid());
        // Last, since changing the owner clears some bits of the mode.
        file.set_permissions(fs::Permissions::from_mode(mode))?;
    }
    file.sync_all()
}

/// The mode of a file that replaces one of this mode: another owner or group gets no permission that the old one had.
#[cfg(unix)]
fn kept_mode(mode: u32, same_owner: bool, same_group: bool) -> u32 {
    const SET_UID: u32 = 0o4000;
    const SET_ID_OR_GROUP: u32 = 0o6070;
    match (same_owner, same_group) {
        (true, true) => mode,
        (false, true) => mode & !SET_UID,
        (_, false) => mode & !SET_ID_OR_GROUP,
    }
}

/// Syncs the folder to the disk. Ignores errors on Windows, and for a folder that may not be read.
fn sync(folder: &Path) -> io::Result<()> {
    const IGNORED: [ErrorKind; 3] = [ErrorKind::PermissionDenied, ErrorKind::InvalidInput, ErrorKind::Unsupported];
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        Err(error) if cfg!(not(unix)) || IGNORED.contains(&error.kind()) => Ok(()),
        result => result,
    }
}

/// The examples of the README, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_a_killed_save_goes_where_only_files_that_are_open_to_write_can_be_locked() {
        let like_nfs: Lock = |file| {
            // Fails on a file that is open to read.
            let _ = (&*file).write(&[])?;
            file.lock()
        };
        let folder = tempfile::tempdir().expect("is made");
        let (path, left) = (folder.path().join("a.bin"), folder.path().join(".a.bin.saving"));
        fs::write(&left, "left").expect("is written");
        like_nfs(&File::open(&left).expect("is there")).expect_err("is open to read");
        save_with(&path, b"next", like_nfs).expect("is saved");
        assert_eq!(fs::read(&path).expect("is there"), b"next");
        assert!(!left.exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_server_without_a_lock_service_has_no_locks() {
        let folder = tempfile::tempdir().expect("is made");
        let path = folder.path().join("a.bin");
        let refused: Lock = |_| Err(rustix::io::Errno::NOLCK.into());
        save_with(&path, b"whole", refused).expect("is saved");
        assert_eq!(fs::read(&path).expect("is there"), b"whole");
        assert_eq!(fs::read_dir(folder.path()).expect("is there").count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn another_owner_or_group_gets_no_permission_of_the_old_one() {
        for (owner, group, expected) in
            [(true, true, 0o106664), (false, true, 0o102664), (true, false, 0o100604), (false, false, 0o100604)]
        {
            assert_eq!(kept_mode(0o106664, owner, group), expected, "{owner} {group}");
        }
    }

    #[test]
    fn without_locks_many_savers_leave_one_whole_file() {
        let without: Lock = |_| Err(ErrorKind::Unsupported.into());
        let folder = tempfile::tempdir().expect("is made");
        let path = folder.path().join("a.bin");
        let texts: Vec<String> = (0..4).map(|k| k.to_string().repeat(10_000 + k)).collect();
        std::thread::scope(|scope| {
            for text in &texts {
                let save = || (0..10).try_for_each(|_| save_with(&path, text.as_bytes(), without));
                scope.spawn(move || save().expect("is saved"));
            }
        });
        assert!(texts.contains(&fs::read_to_string(&path).expect("is there")), "half of a file");
        // One that was killed does not hinder the next, and any other error of a lock is an error.
        fs::write(folder.path().join(".a.bin.0.saving"), "left").expect("is written");
        save_with(&path, b"next", without).expect("is saved");
        save_with(&path, b"refused", |_| Err(ErrorKind::TimedOut.into())).expect_err("has no lock");
        assert_eq!(fs::read(&path).expect("is there"), b"next");
        let names = fs::read_dir(folder.path()).expect("is there").map(|entry| entry.expect("is read").file_name());
        let mut names: Vec<_> = names.collect();
        names.sort();
        assert_eq!(names, [".a.bin.0.saving", "a.bin"]);
    }
}
