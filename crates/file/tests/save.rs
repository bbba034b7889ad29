//! The file after a save, for every kind of file before it.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use tempfile::{TempDir, tempdir};
use wengert_file::save;

fn folder() -> (TempDir, PathBuf) {
    let folder = tempdir().expect("a folder");
    let path = folder.path().join("a.bin");
    (folder, path)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("a file")
}

#[test]
fn a_file_is_made_or_replaced_and_nothing_else_is_left() {
    let (folder, path) = folder();
    for text in ["first", "", "a longer one than before"] {
        save(&path, text.as_bytes()).expect("saved");
        assert_eq!(read(&path), text);
    }
    assert_eq!(names(folder.path()), ["a.bin"]);
}

#[test]
fn names_of_any_length_and_of_any_bytes_are_saved_to() {
    let (folder, _) = folder();
    let long = "x".repeat(255);
    let wide = "ü".repeat(127);
    let mut saved = vec!["a".into(), ".hidden".into(), long.into(), wide.into(), "two words".into()];
    #[cfg(unix)]
    saved.push(<std::ffi::OsString as std::os::unix::ffi::OsStringExt>::from_vec(vec![0xff; 200]));
    for name in &saved {
        save(folder.path().join(name), b"x").expect("saved");
        assert_eq!(read(&folder.path().join(name)), "x");
    }
    assert_eq!(names(folder.path()).len(), saved.len());
    let error = save(folder.path().join("x".repeat(256)), b"x").expect_err("too long");
    assert_eq!(error.kind(), ErrorKind::InvalidFilename);
    // A name without a folder is saved in the current folder.
    let name = format!("wengert-file-{}", std::process::id());
    save(&name, b"x").expect("saved");
    fs::remove_file(&name).expect("it was here");
}

#[test]
fn what_cannot_be_saved_to_is_an_error_and_changes_nothing() {
    let (folder, path) = folder();
    fs::create_dir_all(folder.path().join("folder/inside")).expect("made");
    fs::write(&path, "before").expect("written");
    for wrong in ["", "..", "folder", "folder/", "missing/", "missing/a", "a.bin/a"] {
        let wrong = if wrong.is_empty() { PathBuf::new() } else { folder.path().join(wrong) };
        save(&wrong, b"after").expect_err("refused");
        assert_eq!(names(folder.path()), ["a.bin", "folder"], "{}", wrong.display());
    }
    assert_eq!((read(&path), names(&folder.path().join("folder")).len()), ("before".into(), 1));
}

#[test]
fn what_a_killed_save_left_is_cleared_by_the_next() {
    let (folder, path) = folder();
    let left = folder.path().join(".a.bin.saving");
    for before in ["", "half of"] {
        fs::write(&left, before).expect("written");
        save(&path, b"whole").expect("saved");
        assert_eq!((read(&path), names(folder.path())), ("whole".into(), vec!["a.bin".into()]));
    }
    // Only a file can be left over; a folder is not removed.
    fs::create_dir_all(left.join("inside")).expect("made");
    save(&path, b"after").expect_err("refused");
    assert_eq!((read(&path), names(&left)), ("whole".into(), vec!["inside".into()]));
}

#[test]
fn a_save_waits_for_one_that_is_under_way() {
    let (folder, path) = folder();
    let beside = folder.path().join(".a.bin.saving");
    let other = File::create_new(&beside).expect("made");
    other.lock().expect("locked");
    let ready = AtomicBool::new(false);
    thread::scope(|scope| {
        let saver = scope.spawn(|| {
            ready.store(true, Ordering::SeqCst);
            save(&path, b"second")
        });
        while !ready.load(Ordering::SeqCst) {
            thread::yield_now();
        }
        // Whatever the other did, it has not touched ours.
        fs::write(&beside, "first").expect("locked by this test");
        fs::rename(&beside, &path).expect("locked by this test");
        assert_eq!(read(&path), "first");
        drop(other);
        saver.join().expect("no panic").expect("saved");
    });
    assert_eq!((read(&path), names(folder.path())), ("second".into(), vec!["a.bin".into()]));
}

#[test]
fn of_many_savers_at_a_time_each_saves_the_whole() {
    let (folder, path) = folder();
    let texts: Vec<String> = (0..4).map(|k| k.to_string().repeat(10_000 + k)).collect();
    save(&path, texts[0].as_bytes()).expect("saved");
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let savers: Vec<_> =
            texts.iter().map(|text| scope.spawn(|| (0..25).try_for_each(|_| save(&path, text.as_bytes())))).collect();
        let reader = scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                assert!(texts.contains(&read(&path)), "half of a file");
            }
        });
        let saved: Vec<_> = savers.into_iter().map(|saver| saver.join().expect("no panic")).collect();
        done.store(true, Ordering::SeqCst);
        reader.join().expect("whole files only");
        assert!(saved.iter().all(Result::is_ok), "{saved:?}");
    });
    assert_eq!(names(folder.path()), ["a.bin"]);
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    use std::process::Command;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("a file").permissions().mode() & 0o7777
    }

    #[test]
    fn a_link_stays_and_what_it_points_to_is_replaced() {
        let (folder, path) = folder();
        fs::create_dir(folder.path().join("deep")).expect("made");
        let (one, two) = (folder.path().join("one"), folder.path().join("deep/two"));
        symlink("deep/two", &one).expect("linked");
        symlink("../a.bin", &two).expect("linked");
        // It dangles at first, and then it does not.
        for text in ["new", "replaced"] {
            save(&one, text.as_bytes()).expect("saved");
            assert_eq!(read(&path), text);
            assert!(path.symlink_metadata().expect("there").is_file());
            assert!(one.is_symlink() && two.is_symlink());
        }
        assert_eq!(names(folder.path()), ["a.bin", "deep", "one"]);
        assert_eq!(names(&folder.path().join("deep")), ["two"]);
    }

    #[test]
    fn links_in_a_circle_and_into_a_missing_folder_are_errors() {
        let (folder, path) = folder();
        symlink("b", &path).expect("linked");
        symlink("a.bin", folder.path().join("b")).expect("linked");
        save(&path, b"x").expect_err("a circle");
        symlink("missing/a", folder.path().join("c")).expect("linked");
        let error = save(folder.path().join("c"), b"x").expect_err("no such folder");
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert_eq!(names(folder.path()), ["a.bin", "b", "c"]);
    }

    #[test]
    fn the_mode_of_what_is_replaced_is_kept() {
        let (_folder, path) = folder();
        fs::write(&path, "before").expect("written");
        for kept in [0o600, 0o644, 0o755, 0o640, 0o666] {
            fs::set_permissions(&path, Permissions::from_mode(kept)).expect("set");
            let owner = |path: &Path| fs::metadata(path).map(|m| (m.uid(), m.gid())).expect("a file");
            let before = owner(&path);
            save(&path, b"after").expect("saved");
            assert_eq!((mode(&path), owner(&path)), (kept, before), "{kept:o}");
        }
    }

    #[test]
    fn a_new_file_has_the_mode_that_any_new_file_has() {
        let (folder, path) = folder();
        save(&path, b"x").expect("saved");
        let plain = folder.path().join("plain");
        fs::write(&plain, "x").expect("written");
        assert_eq!(mode(&path), mode(&plain));
    }

    #[test]
    fn a_hard_link_keeps_what_it_held() {
        let (folder, path) = folder();
        fs::write(&path, "before").expect("written");
        let other = folder.path().join("other");
        fs::hard_link(&path, &other).expect("linked");
        save(&path, b"after").expect("saved");
        assert_eq!((read(&path), read(&other)), ("after".into(), "before".into()));
    }

    #[test]
    fn a_pipe_is_written_to() {
        let (folder, path) = folder();
        let made = Command::new("mkfifo").arg(&path).status().expect("mkfifo runs");
        assert!(made.success());
        // More than a pipe holds.
        let bytes = "x".repeat(200_000);
        let reader = thread::spawn({
            let path = path.clone();
            move || read(&path)
        });
        save(&path, bytes.as_bytes()).expect("written");
        assert_eq!(reader.join().expect("read"), bytes);
        assert!(!path.symlink_metadata().expect("there").is_file());
        assert_eq!(names(folder.path()), ["a.bin"]);
    }

    #[test]
    fn a_device_is_written_to() {
        save("/dev/null", b"x").expect("written");
        assert!(!fs::metadata("/dev/null").expect("there").is_file());
        #[cfg(target_os = "linux")]
        save("/dev/full", b"x").expect_err("it is always full");
    }

    #[test]
    #[ignore = "run by the next test, with an output to save to"]
    fn save_to_standard_output() {
        save("/dev/stdout", b"saved").expect("written");
    }

    #[test]
    fn standard_output_is_written_to_whatever_it_is() {
        let run = || {
            let mut command = Command::new(std::env::current_exe().expect("this program"));
            command.args(["--ignored", "--exact", "unix::save_to_standard_output", "--nocapture"]);
            command
        };
        let piped = run().output().expect("it runs");
        assert!(piped.status.success() && String::from_utf8_lossy(&piped.stdout).contains("saved"));
        let (folder, path) = folder();
        let mut file = File::options().append(true).read(true).create(true).open(&path).expect("made");
        let status = run().stdout(file.try_clone().expect("shared")).status().expect("it runs");
        assert!(status.success());
        // The open file is still the one at that path, and holds everything else that was written to it.
        let mut text = String::new();
        std::io::Seek::rewind(&mut file).expect("a file");
        file.read_to_string(&mut text).expect("a file");
        assert_eq!(text, read(&path));
        assert!(text.contains("saved") && text.contains("test result: ok"), "{text}");
        assert_eq!(names(folder.path()), ["a.bin"]);
    }

    #[test]
    fn a_folder_that_takes_no_files_is_an_error() {
        let (folder, path) = folder();
        fs::write(&path, "before").expect("written");
        fs::set_permissions(folder.path(), Permissions::from_mode(0o555)).expect("set");
        // The superuser may write there nevertheless.
        let takes = File::create_new(folder.path().join("probe")).is_ok();
        assert_eq!(save(&path, b"after").is_ok(), takes);
        assert_eq!(read(&path), if takes { "after" } else { "before" });
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("set");
        assert_eq!(names(folder.path()).len(), 1 + usize::from(takes));
        // And here nobody may write.
        #[cfg(target_os = "linux")]
        save("/proc/sys/no-such-file", b"x").expect_err("refused");
    }

    #[test]
    fn a_file_that_may_not_be_written_is_refused() {
        let (folder, path) = folder();
        fs::write(&path, "before").expect("written");
        fs::set_permissions(&path, Permissions::from_mode(0o444)).expect("set");
        // The superuser may write it nevertheless.
        let may = File::options().append(true).open(&path).is_ok();
        assert_eq!(save(&path, b"after").is_ok(), may);
        assert_eq!((read(&path), mode(&path)), (if may { "after" } else { "before" }.into(), 0o444));
        assert_eq!(names(folder.path()), ["a.bin"]);
    }

    #[test]
    fn a_link_in_the_place_of_what_is_left_is_not_followed() {
        let (folder, path) = folder();
        let victim = folder.path().join("victim");
        fs::write(&victim, "mine").expect("written");
        let left = folder.path().join(".a.bin.saving");
        for to in ["victim", "nothing"] {
            symlink(to, &left).expect("linked");
            save(&path, b"whole").expect("saved");
            assert_eq!((read(&path), read(&victim)), ("whole".into(), "mine".into()));
            assert_eq!(names(folder.path()), ["a.bin", "victim"]);
        }
    }
}
