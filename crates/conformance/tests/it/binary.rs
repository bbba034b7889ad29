//! The binary as a user runs it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use conformance::route;

/// Runs the binary on a file with this content.
fn run(test: &str, before: &[&str], content: &[u8]) -> (Output, PathBuf) {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    std::fs::write(&file, content).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_conformance"));
    (command.args(before).arg(&file).output().unwrap(), file)
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

const CASES: &str = "\
case q(x,y)=1|é t 2 4 2 0
x 4000000000000000 4008000000000000
i input 0
i input 1
i mul 0 1
i add 2 1
y 3 0000000000000000 0000000000000000 1.0
g 0000000000000000 0000000000000000 -1 0000000000000000 0000000000000000 -1
y 2
end
case p t 1 2 2 0
i input 0
i abs 0
x c000000000000000
y 1 0000000000000000 0000000000000000 1.0 same
g 0000000000000000 0000000000000000 -1
x 4008000000000000
y 1 0000000000000000 0000000000000000 1.0 flip
g 0000000000000000 0000000000000000 -1
end
";

const ANSWERS: &str = "\
case q(x,y)=1|é
y 4022000000000000
g 4008000000000000 4008000000000000
y 4018000000000000
g 4008000000000000 4000000000000000
end
case p
y 4000000000000000
g bff0000000000000
y 4008000000000000
g 3ff0000000000000
end
";

#[test]
fn eval_prints_every_output_and_every_point_in_file_order() {
    for route in route::all() {
        let test = format!("eval-{}", route.name());
        let (output, _) = run(&test, &["eval", "--route", route.name()], CASES.as_bytes());
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert_eq!(text(&output.stdout), ANSWERS);
    }
}

#[test]
fn eval_prints_a_hessian_where_the_case_has_one_and_the_route_gives_it() {
    // x y^2 at (3, 2)
    let case = |hessian: usize| {
        let point = "x 4008000000000000 4000000000000000";
        format!("case c t 2 4 1 {hessian}\n{point}\ni input 0\ni input 1\ni powi 1 2\ni mul 0 2\ny 3\nend\n")
    };
    let first = "y 4028000000000000\ng 4010000000000000 4028000000000000\n";
    let second = "h 0000000000000000 4010000000000000 4018000000000000\n";
    for route in route::all() {
        let test = format!("hessian-{}", route.name());
        let both = case(1) + &case(0);
        let (output, _) = run(&test, &["eval", "--route", route.name()], both.as_bytes());
        assert!(output.status.success(), "{}", text(&output.stderr));
        let second = if route.gives_hessians() { second } else { "" };
        let expected = format!("case c\n{first}{second}end\ncase c\n{first}end\n");
        assert_eq!(text(&output.stdout), expected);
    }
}

#[test]
fn points_prints_keys_value_and_partials() {
    let file = "#fn\tn\tx\nexp\t-\t0000000000000000\nadd\t3FF0000000000000\t4000000000000000\n";
    for route in route::all() {
        let test = format!("points-{}", route.name());
        let (output, _) = run(&test, &["points", "--route", route.name()], file.as_bytes());
        assert!(output.status.success(), "{}", text(&output.stderr));
        let one = "3ff0000000000000";
        let zero = "0000000000000000";
        let seconds = |n| {
            if route.gives_hessians() { format!("\t{zero}").repeat(n) } else { String::new() }
        };
        let second = if route.gives_hessians() { format!("\t{one}") } else { String::new() };
        let expected = format!(
            "exp\t-\t{zero}\t{one}\t{one}{second}\n\
             add\t3FF0000000000000\t4000000000000000\t4008000000000000\t{one}\t{one}{}\n",
            seconds(3)
        );
        assert_eq!(text(&output.stdout), expected);
    }
}

#[test]
fn lanes_change_no_bit_and_are_for_programs_alone() {
    let expected = |name: &str| run("lanes", &["eval", "--route", name], CASES.as_bytes()).0;
    for route in route::all() {
        let name = route.name();
        for lanes in ["1", "2", "4", "7", "64", "18446744073709551615"] {
            let (output, _) = run("lanes", &["eval", "--route", name, "--lanes", lanes], CASES.as_bytes());
            if route.has_lanes() {
                assert_eq!(text(&output.stdout), text(&expected(name).stdout), "{name} {lanes}");
            } else {
                assert!(!output.status.success() && output.stdout.is_empty());
                assert!(text(&output.stderr).contains("has no lanes"), "{name} {lanes}");
            }
        }
    }
}

#[test]
fn a_formula_without_inputs_has_a_value_and_no_partials() {
    let file = "case c t 0 2 1 1\ni const 4000000000000000\ni powi 0 3\nx\ny 1\nend\n";
    for route in route::all() {
        let (output, _) = run("constant", &["eval", "--route", route.name()], file.as_bytes());
        let second = if route.gives_hessians() { "h\n" } else { "" };
        let expected = format!("case c\ny 4020000000000000\ng\n{second}end\n");
        assert_eq!(text(&output.stdout), expected, "{}", route.name());
    }
}

#[test]
fn a_malformed_file_is_an_error_with_its_line_and_nothing_printed() {
    let broken = format!("{CASES}case r t 1 1 1 0\ni input 1\n");
    let (output, file) = run("broken-cases", &["eval", "--route", "sweep"], broken.as_bytes());
    assert!(!output.status.success() && output.stdout.is_empty());
    let message = text(&output.stderr);
    assert!(message.contains(": line 22: input 1"), "{message}");
    assert!(message.contains(file.to_str().unwrap()));

    let broken = "exp\t-\t0000000000000000\nexp\t-\tzero\n";
    let (output, _) = run("broken-points", &["points", "--route", "sweep"], broken.as_bytes());
    assert!(!output.status.success() && output.stdout.is_empty());
    assert!(text(&output.stderr).contains(": line 2: 16 hexadecimal digits expected"));
}

#[test]
fn bad_arguments_are_refused_in_words() {
    for (arguments, message) in [
        (&[][..], "a command and a file"),
        (&["eval"], "--route is needed"),
        (&["eval", "--route", "tape"], "unknown route \"tape\""),
        (&["evaluate", "--route", "sweep"], "unknown command"),
        (&["eval", "--fast"], "unknown option --fast"),
        (&["eval", "extra", "--route", "sweep"], "a command and a file"),
        (&["eval", "--route", "sweep", "--lanes", "0"], "--lanes takes"),
        (&["eval", "--route", "sweep", "--lanes", "4"], "has no lanes"),
    ] {
        let (output, _) = run("arguments", arguments, b"");
        assert!(!output.status.success());
        assert!(text(&output.stderr).contains(message), "{}", text(&output.stderr));
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_conformance"));
    let missing = command.args(["eval", "--route", "sweep", "/nowhere/at all"]).output().unwrap();
    assert!(!missing.status.success());
    assert!(text(&missing.stderr).contains("/nowhere/at all"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_conformance"));
    let help = command.arg("--help").output().unwrap();
    assert!(help.status.success() && text(&help.stdout).contains("usage: conformance"));
}
