//! What the documents say of the tests.

use std::path::Path;

/// All Rust files below a folder, as one text.
fn sources(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, text);
        } else if path.extension().is_some_and(|e| e == "rs") {
            text.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
}

/// The text of all tests, and a document.
fn tests_and(document: &str) -> (String, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut text = String::new();
    sources(&root.join("crates"), &mut text);
    (text, std::fs::read_to_string(root.join("docs").join(document)).unwrap())
}

/// The words in backticks.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn a_test_that_the_conventions_name_exists() {
    let (tests, conventions) = tests_and("conventions.md");
    // The names of tests are the words with many underscores.
    let names = words(&conventions).filter(|word| {
        word.matches('_').count() > 2 && word.chars().all(|c| c == '_' || c.is_ascii_lowercase() || c.is_ascii_digit())
    });
    let mut tried = 0;
    for name in names {
        assert!(tests.contains(&format!("fn {name}(")), "{name}");
        tried += 1;
    }
    assert!(tried > 10, "{tried} names");
}

#[test]
fn every_promise_names_a_test_that_exists() {
    let (tests, promises) = tests_and("promises.md");
    let (mut within, mut tried) = (false, 0);
    for line in promises.lines() {
        let Some(cells) = line.strip_prefix("| ") else {
            // Between the head of a table and its rows is a line of dashes.
            within &= line.starts_with("|-");
            continue;
        };
        let (_, last) = cells.trim_end_matches(" |").rsplit_once(" | ").unwrap_or(("", cells));
        if last.starts_with("test") {
            within = true;
        } else if within {
            let names: Vec<&str> = words(last).filter(|word| word.contains('_')).collect();
            assert!(!names.is_empty(), "no test is named: {line}");
            for name in names {
                assert!(tests.contains(&format!("fn {name}(")), "{name}");
                tried += 1;
            }
        }
    }
    assert!(tried > 50, "{tried} names");
}
