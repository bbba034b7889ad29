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

#[test]
fn a_test_that_the_conventions_name_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut text = String::new();
    sources(&root.join("crates"), &mut text);
    let conventions = std::fs::read_to_string(root.join("docs/conventions.md")).unwrap();
    // The names of tests are the words in backticks with many underscores.
    let names = conventions.split('`').filter(|word| {
        word.matches('_').count() > 2 && word.chars().all(|c| c == '_' || c.is_ascii_lowercase() || c.is_ascii_digit())
    });
    let mut tried = 0;
    for name in names {
        assert!(text.contains(&format!("fn {name}(")), "{name}");
        tried += 1;
    }
    assert!(tried > 10, "{tried} names");
}
