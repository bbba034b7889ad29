//! Programs, uniform inputs, parts and arguments that are wrong, and results that are right.

use std::fs;
use std::sync::Arc;

use wengert::{Expr, External, Scalar};
use wengert_program::{InstructionSet, Options, Program};

use crate::command::{fail, small, small_part, succeed};

#[test]
fn the_result_is_printed_and_saved_as_text_csv_and_json() {
    let folder = small(4);
    let here = folder.path();
    fs::write(here.join("points.csv"), "1,2\n3,4\n5,6\n7,8.5\n").expect("is written");
    succeed(here, "sums small.program points.csv --set a=0 --blocks 0..1 -o a.part");
    let text = succeed(here, "fold a.part -o result");
    assert_eq!(text, "4 points\noutput    sum    mean\n0       103.5  25.875\nx        16.0     4.0\n");
    assert_eq!(fs::read_to_string(here.join("result")).expect("is there"), text);
    let csv = succeed(here, "fold a.part -o result.csv");
    assert_eq!(csv, "output,label,sum,mean\n0,,103.5,25.875\n1,x,16.0,4.0\n");
    assert_eq!(fs::read_to_string(here.join("result.csv")).expect("is there"), csv);
    let json: serde_json::Value = serde_json::from_str(&succeed(here, "fold a.part -o result.json")).expect("is JSON");
    assert_eq!(json["points"], 4);
    assert_eq!(json["outputs"][0], serde_json::json!({"label": null, "sum": 103.5, "mean": 25.875}));
    assert_eq!(json["outputs"][1], serde_json::json!({"label": "x", "sum": 16.0, "mean": 4.0}));
    assert_eq!(succeed(here, "fold a.part -o result.json --format csv"), csv);
    fs::write(here.join("points.csv"), "1,NaN\n").expect("is written");
    succeed(here, "sums small.program points.csv --set a=0 --blocks 0..1 -o a.part");
    assert!(succeed(here, "fold a.part --format json").contains("\"sum\": \"NaN\""));
    assert!(fail(here, "fold a.part -o no/result", 1).contains("no/result: "));
}

#[test]
fn uniform_inputs_are_set_by_label_by_place_or_in_a_file() {
    let folder = small(100);
    let here = folder.path();
    let sums = "sums small.program points.csv --blocks 0..2 -o";
    succeed(here, &format!("{sums} label --set a=0.7"));
    succeed(here, &format!("{sums} place --set 0=7e-1"));
    fs::write(here.join("parameters"), "\n a = 0.7 \n").expect("is written");
    succeed(here, &format!("{sums} file --parameters parameters"));
    let [label, place, file] = ["label", "place", "file"].map(|part| fs::read(here.join(part)).expect("is there"));
    assert!(label == place && label == file);
    for (set, said) in [
        ("", "no number for the uniform inputs a: give each with --set"),
        ("--set b=1", "--set: the program has no input \"b\"; its uniform inputs are a"),
        ("--set 3=1", "no input \"3\""),
        ("--set x=1", "input \"x\" has a number for each point: give it as a column"),
        ("--set 2=1", "input \"2\" has a number for each point"),
        ("--set a=1 --set 0=1", "input \"0\" was set before"),
        ("--set a", "--set: \"a\" is not NAME=NUMBER"),
        ("--set a=one", "\"a=one\" is not NAME=NUMBER"),
        ("--parameters nowhere", "nowhere: No such file"),
        ("--set a=1 --parameters parameters", "parameters, line 2: input \"a\" was set before"),
    ] {
        let error = fail(here, &format!("{sums} bad {set}"), 1);
        assert!(error.contains(said), "{set}: {error}");
    }
    assert!(!here.join("bad").exists());
}

#[test]
fn bad_programs_are_named() {
    struct Half;
    impl External for Half {
        fn name(&self) -> &str {
            "half"
        }
        fn shape(&self) -> (usize, usize) {
            (1, 1)
        }
        fn value(&self, x: &[f64], y: &mut [f64]) -> Result<(), String> {
            y[0] = x[0] / 2.0;
            Ok(())
        }
        fn vjp(&self, _: &[f64], _: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), String> {
            xbar[0] = ybar[0] / 2.0;
            Ok(())
        }
    }
    let folder = small(100);
    let here = folder.path();
    let sums = "sums small.program points.csv --blocks 0..1 -o a.part";
    let says = |said: &str| {
        let error = fail(here, sums, 1);
        assert!(error.starts_with("error: small.program: ") && error.contains(said), "{error}");
    };
    let bytes = fs::read(here.join("small.program")).expect("is there");
    fs::write(here.join("small.program"), &bytes[..bytes.len() - 1]).expect("is written");
    says("not a program of this format: its checksum does not match");
    fs::write(here.join("small.program"), "").expect("is written");
    says("not a program of this format");
    fs::remove_file(here.join("small.program")).expect("is there");
    says("No such file");
    let half: Arc<dyn External> = Arc::new(Half);
    let program = Program::from_fn(&[1.0], |x| Expr::external(&half, x), &Options::new()).expect("compiles");
    program.save(here.join("small.program")).expect("is written");
    says("calls the function \"half\", which is not here");
    let program = Program::from_fn(&[1.0], |x| vec![x[0].exp()], &Options::new()).expect("compiles");
    program.save(here.join("small.program")).expect("is written");
    says("output 0 has a number for each point");
    let g = wengert::Graph::new();
    let a = g.leaf(1.0);
    let (inputs, outputs) = ([wengert_program::Input::uniform(a)], [wengert_program::Output::sum(a)]);
    let program = Program::compile(&g, inputs, outputs, &Options::new()).expect("compiles");
    program.save(here.join("small.program")).expect("is written");
    says("all inputs of the program are uniform");
}

#[test]
fn parts_that_do_not_fit_are_named() {
    let folder = small(1000);
    let here = folder.path();
    small_part(here, "--blocks 0..6", "first");
    small_part(here, "--blocks 6..16", "rest");
    let whole = succeed(here, "fold rest first --format csv");
    let says = |parts: &str, said: &[&str]| {
        let error = fail(here, &format!("fold {parts}"), 1);
        assert!(said.iter().all(|said| error.contains(said)), "{parts}: {error}");
    };
    says("first", &["blocks 6..16 are missing", "--blocks 6..16 --cut 64"]);
    says("rest", &["blocks 0..6 are missing"]);
    small_part(here, "--blocks 8..9", "middle");
    says("middle first", &["blocks 6..8, 9..16 are missing", "--blocks 6..8"]);
    small_part(here, "--blocks 3..3", "none");
    says("none", &["blocks 0..16 are missing"]);
    assert_eq!(succeed(here, "fold rest none first --format csv"), whole);
    says("first rest middle", &["rest and middle both have block 8"]);
    says("first first rest", &["first and first both have block 0"]);
    says("first nowhere", &["nowhere: No such file"]);

    let other = |change: &str, which: &str| {
        succeed(here, &format!("sums small.program points.csv {change} -o other"));
        says("first other", &["first and other are of different", which]);
    };
    other("--set a=0.8 --blocks 6..16", "uniform inputs (0.7 ");
    other("--set a=0.7 --blocks 6..16 --points-name mine", "points (CSV, checksum ");
    other("--set a=0.7 --blocks 0..4 --cut 4", "cuts (1000 points in blocks of 64; 1000 points in blocks of 256)");
    let best = InstructionSet::best().rounding();
    if let Some(set) = InstructionSet::available().iter().find(|set| set.rounding() != best) {
        other(&format!("--set a=0.7 --blocks 6..16 --instructions {set}"), "roundings of sums of products");
    }
    let points = fs::read_to_string(here.join("points.csv")).expect("is there");
    fs::write(here.join("points.csv"), points.replacen('3', "4", 1)).expect("is written");
    other("--set a=0.7 --blocks 6..16", "points (CSV, checksum ");
    fs::write(here.join("points.csv"), points).expect("is written");
    // As long as the other, and with a checksum of its own at the end.
    let g = wengert::Graph::new();
    let [a, x, y] = [g.var(0.5).named("a"), g.var(1.0).named("x"), g.var(2.0).named("y")];
    let outputs = [(a.exp() * x * x).id(), y.id()].map(wengert_program::Output::sum);
    let inputs = [wengert_program::Input::uniform(a.id()), x.into(), y.into()];
    let program = Program::compile(&g, inputs, outputs, &Options::new()).expect("compiles");
    let before = fs::read(here.join("small.program")).expect("is there");
    assert_eq!(program.to_bytes().len(), before.len());
    program.save(here.join("small.program")).expect("is written");
    other("--set a=0.7 --blocks 6..16", "programs (checksum ");
}

#[test]
fn files_that_are_not_parts_are_named() {
    let folder = small(1000);
    let here = folder.path();
    small_part(here, "--blocks 0..16", "whole");
    let bytes = fs::read(here.join("whole")).expect("is there");
    for (bytes, said) in [
        (&b""[..], "it is empty"),
        (b"wengertb", "it ends early"),
        (b"1,2\n3,4\n", "it does not start like one"),
        (&bytes[..bytes.len() - 1], "its checksum does not match"),
        (&[&bytes[..], b"x"].concat(), "its checksum does not match"),
    ] {
        fs::write(here.join("bad"), bytes).expect("is written");
        let error = fail(here, "fold bad", 1);
        assert!(
            error.contains("bad: not a part") && error.contains(said) && error.contains("make it again"),
            "{error}"
        );
    }
    assert!(fail(here, "fold small.program", 1).contains("it does not start like one"));
}

#[test]
fn bad_arguments_end_with_status_2_and_say_what_to_do() {
    let folder = small(1000);
    let here = folder.path();
    let sums = "sums small.program points.csv --set a=0.7 -o a.part";
    for arguments in [
        "",
        "sum",
        "fold",
        sums,
        &format!("{sums} --blocks 0..8 --part 0 --of 2"),
        &format!("{sums} --part 0"),
        &format!("{sums} --part 0 --of 0"),
        &format!("{sums} --blocks 8"),
        &format!("{sums} --blocks 8..7"),
        &format!("{sums} --of 3"),
        &format!("{sums} --blocks 0..8 --of 3"),
        &format!("{sums} --blocks 0..8 --cut 0"),
        &format!("{sums} --blocks 0..8 --format text"),
        "sums small.program points.csv --set a=0.7 --blocks 0..1",
    ] {
        fail(here, arguments, 2);
    }
    let error = fail(here, &format!("{sums} --part 2 --of 2"), 1);
    assert!(error.contains("part 2 of 2: parts are counted from 0 to 1"), "{error}");
    let error = fail(here, &format!("{sums} --blocks 10..17"), 1);
    assert!(error.contains("blocks 10..17 were asked for, but the 1000 points are cut into 16 blocks"), "{error}");
    let error = fail(here, &format!("{sums} --blocks 0..1 --instructions mmx"), 1);
    assert!(error.contains("does not have the instructions \"mmx\"") && error.contains("portable"), "{error}");
    let error = fail(here, &sums.replace("a.part", "no/a.part --blocks 0..1"), 1);
    assert!(error.contains("no/a.part: No such file"), "{error}");
    fs::create_dir(here.join("folder")).expect("is made");
    let error = fail(here, &sums.replace("a.part", "folder --blocks 0..1"), 1);
    assert!(error.contains("folder: Is a directory"), "{error}");
}

#[test]
fn the_help_has_an_example() {
    let folder = small(1);
    let help = succeed(folder.path(), "--help");
    assert!(help.contains("wengert-blocks sums option.program") && help.contains("Exit status"), "{help}");
    assert!(succeed(folder.path(), "sums --help").contains("A first line of names is a"));
    assert!(succeed(folder.path(), "fold --help").contains("may come in any order"));
}
