//! The command as a user meets it: what it prints, what it writes, how it fails.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// An empty folder of the test's own.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn demo(within: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wengert-demo"));
    command.current_dir(within);
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn succeeded(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_tour_shows_the_lecture_trains_the_net_and_says_what_it_wrote() {
    let here = folder("tour");
    let said = succeeded(&demo(&here).output().unwrap());
    for row in [
        ["a", "leaf", "2.0000", "6.0000"],
        ["b", "leaf", "-3.0000", "-4.0000"],
        ["c", "leaf", "10.0000", "-2.0000"],
        ["f", "leaf", "-2.0000", "4.0000"],
    ] {
        assert!(said.lines().any(|line| line.split_whitespace().eq(row)), "{row:?} in {said}");
    }
    assert!(said.lines().any(|line| line.split_whitespace().eq(["L", "d", "*", "f", "-8.0000", "1.0000"])), "{said}");
    assert!(said.lines().any(|line| line.split_whitespace().eq(["100", "0.0110", "100", "%"])), "{said}");
    assert!(said.contains("million nodes per second") && said.contains(" ms"), "{said}");

    let out = here.join("out");
    for name in names(&out) {
        assert!(said.contains(&Path::new("out").join(&name).display().to_string()), "{name} in {said}");
        assert!(fs::metadata(out.join(&name)).unwrap().len() > 0, "{name}");
    }
    for name in ["lecture.svg", "neuron.svg", "net.html", "training.html", "moons.svg", "moons.net"] {
        assert!(out.join(name).is_file(), "{name}");
    }
    let chart = fs::read_to_string(out.join("moons.svg")).unwrap();
    assert!(chart.starts_with("<svg") && chart.trim_end().ends_with("</svg>"));
    let lecture = fs::read_to_string(out.join("lecture.svg")).unwrap();
    assert!(lecture.contains("data -8.0000") && lecture.contains("grad 1.0000"));
}

#[test]
fn the_last_loss_is_that_of_micrograd() {
    let here = folder("micrograd");
    let said = succeeded(&demo(&here).output().unwrap());
    let line = said.lines().find(|line| line.starts_with("The last loss of micrograd's own run")).unwrap();
    let numbers: Vec<f64> = line.split([' ', ',']).filter_map(|word| word.trim_end_matches('.').parse().ok()).collect();
    assert_eq!(numbers.len(), 2, "{line}");
    assert!((numbers[0] - numbers[1]).abs() < 1e-12, "{line}");
}

#[test]
fn both_backends_are_timed_and_agree() {
    let here = folder("backends");
    for arguments in [&[][..], &["--seed", "3", "--steps", "20"]] {
        let said = succeeded(&demo(&here).args(arguments).output().unwrap());
        let losses = ["eager", "compiled"].map(|backend| -> f64 {
            let mut rows = said.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
            let row = rows.find(|row| row.len() == 6 && row[0] == backend).unwrap();
            assert_eq!([row[2], row[4]], ["ms"; 2], "{said}");
            assert!(row[1].parse::<f64>().unwrap() > 0.0, "{said}");
            row[5].parse().unwrap()
        });
        assert!((losses[0] - losses[1]).abs() < 1e-12, "{losses:?}");
        let line = said.lines().find(|line| line.starts_with("A compiled step is")).unwrap();
        let apart: f64 = line.split(' ').next_back().unwrap().trim_end_matches('.').parse().unwrap();
        assert!(apart < 1e-12, "{line}");
    }
}

#[test]
fn nothing_else_needs_to_be_installed() {
    let here = folder("nothing-installed");
    succeeded(&demo(&here).env("PATH", &here).args(["--steps", "2"]).output().unwrap());
    assert_eq!(
        names(&here.join("out")),
        ["lecture.svg", "moons.net", "moons.svg", "net.html", "neuron.svg", "training.html"]
    );
}

#[test]
fn options_choose_folder_steps_and_points() {
    let here = folder("options");
    let run = |seed: &str, out: &str| {
        succeeded(&demo(&here).args(["--seed", seed, "--steps", "30", "--out", out]).output().unwrap());
        let net = fs::read_to_string(here.join(out).join("moons.net")).unwrap();
        let chart = fs::read_to_string(here.join(out).join("moons.svg")).unwrap();
        (net, chart)
    };
    let first = run("1", "one/deep");
    assert!(first == run("1", "again"), "one seed is one run");
    assert!(first != run("2", "two"));
    assert_eq!(names(&here), ["again", "one", "two"], "nothing is written elsewhere");
}

#[test]
fn a_few_steps_are_labelled_once_each() {
    let here = folder("few-steps");
    succeeded(&demo(&here).args(["--steps", "3"]).output().unwrap());
    let chart = fs::read_to_string(here.join("out/moons.svg")).unwrap();
    // Whole numbers stand on no other axis.
    let labels: Vec<u32> = chart.lines().filter_map(|line| line.parse().ok()).collect();
    assert_eq!(labels, [0, 1, 2, 3]);
}

#[test]
fn help_explains_every_option() {
    let here = folder("help");
    let said = succeeded(&demo(&here).arg("--help").output().unwrap());
    for word in ["usage", "--out", "--steps", "--seed", "compiled"] {
        assert!(said.contains(word), "{word} in {said}");
    }
    assert!(names(&here).is_empty());
}

#[test]
fn a_bad_argument_is_named_and_nothing_is_written() {
    let here = folder("bad-arguments");
    for (arguments, named) in [
        (&["--steps", "0"][..], "--steps"),
        (&["--seed", "x"], "\"x\""),
        (&["--out"], "--out"),
        (&["fast"], "\"fast\""),
    ] {
        let output = demo(&here).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let complaint = text(&output.stderr);
        assert!(complaint.starts_with("error: ") && complaint.contains(named), "{arguments:?}: {complaint}");
        assert!(output.stdout.is_empty());
    }
    assert!(names(&here).is_empty());
}

#[test]
fn a_folder_that_cannot_be_written_is_an_error_before_anything_else() {
    let here = folder("unwritable");
    fs::write(here.join("file"), "kept").unwrap();
    for out in ["file", "file/out"] {
        let output = demo(&here).args(["--out", out]).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let complaint = text(&output.stderr);
        assert!(complaint.contains("cannot write to the folder") && complaint.contains(out), "{complaint}");
        assert!(output.stdout.is_empty());
    }
    assert_eq!(names(&here), ["file"]);
    assert_eq!(fs::read_to_string(here.join("file")).unwrap(), "kept");
}

#[test]
fn a_file_that_cannot_be_replaced_is_named_and_leaves_no_half_of_one() {
    let here = folder("taken");
    fs::create_dir_all(here.join("out/moons.svg/in-the-way")).unwrap();
    let output = demo(&here).args(["--steps", "1"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("moons.svg"), "{}", text(&output.stderr));
    let left = names(&here.join("out"));
    assert!(left.iter().all(|name| ["lecture.svg", "training.html", "moons.svg"].contains(&&name[..])), "{left:?}");
}
