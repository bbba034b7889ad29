//! What a file of points may look like, and what is wrong with others.

use std::fs;
use std::path::Path;

use wengert_program::{Input, Options, Output, Program};

use crate::command::{fail, small, succeed};

const SUMS: &str = "sums small.program points.csv --set a=0 --blocks 0..1 -o a.part";

/// The sums of exp(0) x y and of x over the points of this CSV.
#[track_caller]
fn sums(here: &Path, csv: &str) -> Vec<f64> {
    fs::write(here.join("points.csv"), csv).expect("is written");
    succeed(here, SUMS);
    let csv = succeed(here, "fold --format csv a.part");
    csv.lines().skip(1).map(|line| line.split(',').nth(2).and_then(|sum| sum.parse().ok()).expect("a sum")).collect()
}

#[test]
fn csv_may_have_a_header_in_any_order_and_columns_of_others() {
    let folder = small(1);
    let here = folder.path();
    let expected = [1.0 * 10.0 + 2.0 * 20.0, 3.0];
    for csv in [
        "1,10\n2,20\n",
        "1,10\n2,20",
        "x,y\n1,10\n2,20\n",
        "y,x\n10,1\n20,2\n",
        "day,y,note,x\nMonday,10,,1\nTuesday,20,\"a, b\",2\n",
        "\u{feff}x,y\r\n1,10\r\n\r\n2,20\r\n",
        ",x,y\n0,1,10\n1,2,20\n",
        "#,y,x\n0,10,1\n1,20,2\n",
        " x , y \n 1e0 , +10 \n\"2\",\"20\"\n",
    ] {
        assert_eq!(sums(here, csv), expected, "{csv:?}");
    }
    assert_eq!(sums(here, "x,y\n1,NaN\n2,inf\n")[1], 3.0);
    assert!(sums(here, "NaN,inf\n1,2\n")[1].is_nan(), "numbers, and no header");
}

#[test]
fn columns_without_labels_come_in_the_order_of_the_inputs() {
    let folder = small(1);
    let here = folder.path();
    let g = wengert::Graph::new();
    let [x, y] = [g.leaf(3.0), g.leaf(2.0)];
    let program = Program::compile(&g, [x, y], [g.sub(x, y), x].map(Output::sum), &Options::new()).expect("compiles");
    program.save(here.join("small.program")).expect("is written");
    for csv in ["5,3\n1,0.5\n", "first,second\n5,3\n1,0.5\n", "y,x\n5,3\n1,0.5\n"] {
        fs::write(here.join("points.csv"), csv).expect("is written");
        succeed(here, "sums small.program points.csv --blocks 0..1 -o a.part");
        let text = succeed(here, "fold a.part");
        let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(
            rows,
            [vec!["2", "points"], vec!["output", "sum", "mean"], vec!["0", "2.5", "1.25"], vec!["1", "6.0", "3.0"]]
        );
    }
    fs::write(here.join("points.csv"), "1\n").expect("is written");
    let error = fail(here, "sums small.program points.csv --blocks 0..1 -o a.part", 1);
    assert!(error.contains("points.csv, line 1: 1 columns, but the program has 2 inputs"), "{error}");
}

/// A program that adds up the difference of its first two inputs, with these labels.
fn labeled(here: &Path, labels: &[Option<&str>], input: fn(wengert::NodeId) -> Input) {
    let g = wengert::Graph::new();
    let inputs = labels.iter().map(|label| match label {
        Some(label) => g.var(1.0).named(label).id(),
        None => g.leaf(1.0),
    });
    let inputs: Vec<_> = inputs.collect();
    let outputs = [Output::sum(g.sub(inputs[0], inputs[1]))];
    let inputs = inputs.iter().enumerate().map(|(k, &x)| if k < 2 { input(x) } else { Input::per_point(x) });
    let program = Program::compile(&g, inputs, outputs, &Options::new()).expect("compiles");
    program.save(here.join("small.program")).expect("is written");
}

#[test]
fn a_header_that_does_not_say_which_column_is_which_is_refused() {
    let folder = small(1);
    let here = folder.path();
    let sums = "sums small.program points.csv --blocks 0..1 -o a.part";
    for labels in [[Some("z"), Some("z")], [Some("x"), None], [None, Some("x")]] {
        labeled(here, &labels, Input::per_point);
        let refused: &[_] = match labels {
            [Some("z"), _] => &[("z", "two inputs"), ("z,z", "two inputs"), ("a,b", "two inputs")],
            [Some(_), _] => &[("y,x", "\"x\" is in another column than 1, and some"), ("x,x", "is in another column")],
            _ => &[("x,y", "\"x\" is in another column than 2, and"), ("x,x", "is in another column")],
        };
        for (header, said) in refused {
            let row = if header.contains(',') { "5,3" } else { "5" };
            fs::write(here.join("points.csv"), format!("{header}\n{row}\n")).expect("is written");
            let error = fail(here, sums, 1);
            assert!(error.contains("points.csv, line 1: ") && error.contains(said), "{labels:?}, {header}: {error}");
        }
        let right: &[&str] = match labels {
            [Some("z"), _] => &[""],
            [Some(_), _] => &["", "x,y\n", "a,b\n"],
            _ => &["", "y,x\n", "a,b\n"],
        };
        for header in right {
            fs::write(here.join("points.csv"), format!("{header}5,3\n")).expect("is written");
            succeed(here, sums);
            assert!(succeed(here, "fold a.part --format csv").contains(",2.0,2.0"), "{labels:?}, {header}");
        }
    }
}

#[test]
fn uniform_inputs_with_one_label_are_set_by_their_places() {
    let folder = small(1);
    let here = folder.path();
    labeled(here, &[Some("a"), Some("a"), Some("x")], Input::uniform);
    fs::write(here.join("points.csv"), "1\n2\n").expect("is written");
    let sums = "sums small.program points.csv --blocks 0..1 -o a.part";
    let error = fail(here, &format!("{sums} --set a=1"), 1);
    assert!(error.contains("inputs 0 and 1 both have the label \"a\": set them by their places"), "{error}");
    assert!(fail(here, sums, 1).contains("no number for the uniform inputs 0, 1: "));
    succeed(here, &format!("{sums} --set 0=3 --set 1=0.5"));
    assert!(succeed(here, "fold a.part --format csv").contains(",5.0,2.5"));
}

#[test]
fn a_bad_file_of_points_is_named_with_its_line() {
    let folder = small(1);
    let here = folder.path();
    fs::remove_file(here.join("points.csv")).expect("is there");
    assert!(fail(here, SUMS, 1).contains("points.csv: No such file"));
    for (csv, said) in [
        (&b""[..], "points.csv: there are no points"),
        (b"x,y\n", "points.csv: there are no points"),
        (b"\n\n", "points.csv: there are no points"),
        (b"1,2\n3\n", "points.csv, line 2: 1 fields, but the first line has 2"),
        (b"x,y\n1,2\n\n3,4,5\n", "points.csv, line 4: 3 fields"),
        (b"1,2\n3,4..5\n", "points.csv, line 2: \"4..5\" in column 2 is not a number"),
        (b"1,2\n3,\n", "points.csv, line 2: \"\" in column 2 is not a number"),
        (b"1,2o\n3,4\n", "points.csv, line 1: \"2o\" in column 2 is not a number"),
        (b"x,2\n3,4\n", "points.csv, line 1: \"x\" in column 1 is not a number"),
        (b",\n3,4\n", "points.csv, line 1: \"\" in column 1 is not a number"),
        (b"1o,-\n3,4\n", "points.csv, line 1: \"1o\" in column 1 is not a number"),
        (b"1;2\n3;4\n", "points.csv, line 1: \"1;2\" in column 1 is not a number"),
        (b"x,z\n3,4\n", "points.csv, line 1: no column \"y\", which is an input of the program"),
        (b"x,y,x\n3,4,5\n", "points.csv, line 1: two columns \"x\""),
        (b"1,2,3\n3,4,5\n", "points.csv, line 1: 3 columns, but the program has 2 inputs"),
        (b"\xff\x00\x01,\n", "points.csv, line 1: "),
    ] {
        fs::write(here.join("points.csv"), csv).expect("is written");
        let error = fail(here, SUMS, 1);
        assert!(error.contains(said), "{:?}: {error}", String::from_utf8_lossy(csv));
        assert!(!here.join("a.part").exists());
    }
    for format in ["rows", "columns"] {
        for (bytes, said) in
            [(0, "there are no points"), (24, "24 bytes are not a whole number of points with 2 numbers")]
        {
            fs::write(here.join("points.csv"), vec![0; bytes]).expect("is written");
            let error = fail(here, &format!("{SUMS} --format {format}"), 1);
            assert!(error.contains("points.csv: ") && error.contains(said), "{error}");
        }
    }
    let error = fail(here, &SUMS.replace("points.csv", "."), 1);
    assert!(error.contains("not a regular file"), "{error}");
}

#[test]
fn a_comparison_that_flips_names_the_line() {
    let folder = tempfile::tempdir().expect("is made");
    let here = folder.path();
    let g = wengert::Graph::new();
    let x = g.leaf(1.0);
    let y = g.expr(x);
    let y = if y < 10.0 { y } else { -y };
    let program =
        Program::compile(&g, [Input::per_point(x)], [Output::sum(y.id())], &Options::new()).expect("compiles");
    program.save(here.join("small.program")).expect("is written");
    let csv: String = (0..1000).map(|k| if k == 700 { "\n\n11\r\n" } else { "\n1\r\n" }).collect();
    fs::write(here.join("points.csv"), format!("x\n{csv}")).expect("is written");
    let error = fail(here, "sums small.program points.csv --part 1 --of 2 -o a.part", 1);
    // A line of the header, two of each point before it, and two that are empty.
    assert!(error.contains("points.csv, line 1404: ") && error.contains("at point 700"), "{error}");
    let first = "sums small.program points.csv --part 0 --of 2 -o a.part";
    succeed(here, first);
}

#[test]
fn a_comparison_of_uniform_inputs_that_flips_names_them_and_no_point() {
    let folder = small(1000);
    let here = folder.path();
    let g = wengert::Graph::new();
    let [a, b, x] = [g.var(0.5).named("a"), g.var(1.0).named("b"), g.var(1.0).named("x")];
    let y = if a < b { a * x } else { b * x };
    let inputs = [Input::uniform(a.id()), Input::uniform(b.id()), Input::per_point(x.id())];
    let program = Program::compile(&g, inputs, [Output::sum(y.id())], &Options::new()).expect("compiles");
    program.save(here.join("small.program")).expect("is written");
    fs::write(here.join("points.csv"), "x\n1\n2\n").expect("is written");
    let sums = "sums small.program points.csv --blocks 0..1 -o a.part";
    let error = fail(here, &format!("{sums} --set a=2.5 --set b=2"), 1);
    assert!(error.contains("with a=2.5, b=2.0, the comparison a < b is false, and it was true when"), "{error}");
    assert!(!error.contains("point 0"), "{error}");
    succeed(here, &format!("{sums} --set a=1.5 --set b=2"));
    assert!(succeed(here, "fold a.part --format csv").contains(",4.5,2.25"));
}
