//! Files of nets: exact, whole or not there, and refused by line where they are wrong.

use std::fs;
use std::path::PathBuf;

use wengert_nn::{Activation, Error, Mlp};

/// An empty folder of the test's own.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn small() -> Mlp {
    Mlp::from_parameters(1, &[(1, Activation::Tanh)], vec![0.1, -0.0]).unwrap()
}

#[test]
fn a_saved_net_comes_back_bit_for_bit() {
    let odd = [f64::MIN_POSITIVE / 8.0, -0.0, f64::INFINITY, f64::from_bits(0xfff8_0000_0000_1234), 1.0 / 3.0];
    let net = Mlp::from_parameters(4, &[(1, Activation::Sigmoid)], odd.to_vec()).unwrap();
    let path = folder("roundtrip").join("net.txt");
    net.save(&path).unwrap();
    let back = Mlp::load(&path).unwrap();
    let bits = |net: &Mlp| net.parameters().iter().map(|p| p.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&back), bits(&net));
    assert_eq!(back.layers(), net.layers());

    let deep = Mlp::new(3, &[5, 4, 2], 9).unwrap();
    deep.save(&path).unwrap();
    assert_eq!(Mlp::load(&path).unwrap(), deep);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn the_text_is_the_documented_one() {
    let expected = "wengert-nn 1\ninputs 1\nlayer 1 tanh\nparameters 2\n3fb999999999999a\n8000000000000000\nend\n";
    assert_eq!(small().text(), expected);
    assert_eq!(Mlp::parse(&expected.replace('\n', "\r\n")).unwrap(), small());
}

#[test]
fn a_net_that_cannot_be_written_leaves_what_was_there() {
    let folder = folder("unwritable");
    let taken = folder.join("taken");
    fs::create_dir(&taken).unwrap();
    fs::write(taken.join("inside"), "kept").unwrap();
    let error = small().save(&taken).unwrap_err();
    assert!(matches!(&error, Error::File { path, .. } if *path == taken), "{error}");
    assert_eq!(fs::read_to_string(taken.join("inside")).unwrap(), "kept");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    assert!(matches!(small().save(folder.join("no/such/folder")), Err(Error::File { .. })));
    assert!(matches!(Mlp::load(folder.join("missing")), Err(Error::File { .. })));
}

#[test]
fn every_wrong_line_is_named() {
    let good = small().text();
    let cases = [
        ("", "", 1, "wengert-nn 1"),
        ("wengert-nn 1", "wengert-nn 2", 1, "wengert-nn 1"),
        ("inputs 1", "inputs one", 2, "inputs"),
        ("inputs 1", "inputs 0", 7, "at least one input"),
        ("layer 1 tanh\n", "", 6, "at least one layer"),
        ("layer 1 tanh", "layer 1 soft", 3, "\"soft\""),
        ("layer 1 tanh", "layer 1", 3, "activation"),
        ("layer 1 tanh", "layer x tanh", 3, "\"x\""),
        ("layer 1 tanh", "layer 0 tanh", 7, "layer 1 has no neurons"),
        ("layer 1 tanh", "layer 2 tanh", 7, "4 parameters, but 2"),
        ("layer 1 tanh", "layer 9999999999999999999999 tanh", 3, "width"),
        ("parameters 2", "parameters", 4, "parameters"),
        ("parameters 2", "parameters 18446744073709551615", 7, "hexadecimal"),
        ("3fb999999999999a", "3fb999999999999", 5, "16 hexadecimal"),
        ("3fb999999999999a", "+fb999999999999a", 5, "16 hexadecimal"),
        ("8000000000000000\n", "", 6, "hexadecimal"),
        ("8000000000000000\nend\n", "", 6, "ends early"),
        ("end", "und", 7, "\"end\""),
        ("end\n", "end\nmore\n", 8, "follow"),
    ];
    for (from, to, line, reason) in cases {
        let bad = if from.is_empty() { String::new() } else { good.replace(from, to) };
        match Mlp::parse(&bad) {
            Err(Error::Malformed { line: at, reason: said }) => {
                let expected = if bad.is_empty() { "ends early" } else { reason };
                assert_eq!(at, line, "{from:?} -> {to:?}: {said}");
                assert!(said.contains(expected), "{from:?} -> {to:?}: {said}");
            }
            other => panic!("{from:?} -> {to:?}: {other:?}"),
        }
    }
    let path = folder("malformed").join("net.txt");
    fs::write(&path, good.replace("end", "und")).unwrap();
    let message = Mlp::load(&path).unwrap_err().to_string();
    assert!(message.contains("net.txt") && message.contains("line 7"), "{message}");
}
