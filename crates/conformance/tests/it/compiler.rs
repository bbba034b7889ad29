//! The oldest compiler that the published crates promise to work with.

use serde_json::Value;
use std::process::Command;

/// What `cargo metadata` says of the workspace, on this platform.
fn metadata() -> Value {
    let run = |program: &str, args: &[&str]| {
        let output = Command::new(program).args(args).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let version = run("rustc", &["-vV"]);
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let text = run(env!("CARGO"), &["metadata", "--format-version", "1", "--locked", "--filter-platform", host]);
    serde_json::from_str(&text).unwrap()
}

/// A version as numbers, to be compared.
fn version(text: &str) -> Vec<u32> {
    let mut numbers: Vec<u32> = text.split('.').map(|number| number.parse().unwrap()).collect();
    numbers.resize(3, 0);
    numbers
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

#[test]
fn no_dependency_asks_for_a_newer_compiler() {
    let metadata = metadata();
    let package = |id: &Value| array(&metadata["packages"]).iter().find(|package| package["id"] == *id).unwrap();
    let node = |id: &Value| array(&metadata["resolve"]["nodes"]).iter().find(|node| node["id"] == *id).unwrap();
    let promised = version(env!("CARGO_PKG_RUST_VERSION"));
    // `publish` of a package that is not published is an empty list.
    let published = array(&metadata["workspace_members"]).iter().filter(|id| package(id)["publish"].is_null());
    let mut reached: Vec<&Value> = published.collect();
    assert!(reached.len() > 5, "{} published crates", reached.len());
    let mut next = 0;
    while next < reached.len() {
        let id = reached[next];
        next += 1;
        let asked = package(id)["rust_version"].as_str();
        assert!(asked.is_none_or(|asked| version(asked) <= promised), "{id} asks for {asked:?}, not {promised:?}");
        for dependency in array(&node(id)["deps"]) {
            let normal = array(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"].is_null());
            if normal && !reached.contains(&&dependency["pkg"]) {
                reached.push(&dependency["pkg"]);
            }
        }
    }
    assert!(reached.len() > 30, "{} crates", reached.len());
}
