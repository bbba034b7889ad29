//! What the tests of pictures share: Graphviz as an independent reader of the DOT text.
#![allow(dead_code, reason = "each test program uses a part of it")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

/// What `dot` makes of a DOT text, in one of its formats. It must not complain.
pub(crate) fn graphviz(format: &str, dot: &str) -> String {
    let mut child = Command::new("dot")
        .arg(format)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("these tests need Graphviz's dot: install the package graphviz");
    let mut stdin = child.stdin.take().unwrap();
    let dot = dot.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(dot.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

/// A graph as Graphviz read it, free of the names of nodes.
#[derive(Debug, PartialEq)]
pub(crate) struct Read {
    /// Labels of boxes, sorted.
    pub(crate) boxes: Vec<String>,
    /// Ops, each as its label and the label of the box it points to, sorted.
    pub(crate) ops: Vec<String>,
    /// Where from and where to, sorted, as often as they are there.
    pub(crate) edges: Vec<(String, String)>,
}

/// Reads a DOT text by way of `dot -Tplain`.
pub(crate) fn read(dot: &str) -> Read {
    let plain = graphviz("-Tplain", dot);
    let lines: Vec<Vec<String>> = plain.lines().map(words).collect();
    let of = |kind: &'static str| lines.iter().filter(move |words| words[0] == kind);
    // node name x y width height label style shape ...
    let label = |name: &str| {
        of("node")
            .find(|node| node[1] == name)
            .map(|node| node[6].clone())
            .unwrap()
    };
    let is_box = |name: &str| of("node").any(|node| node[1] == name && node[8] == "record");
    let called = |name: &str| {
        if is_box(name) {
            return label(name);
        }
        let result = of("edge")
            .find(|edge| edge[1] == name)
            .map_or("nothing".into(), |edge| label(&edge[2]));
        format!("{} -> {result}", label(name))
    };
    let names = |boxes: bool| {
        let mut names: Vec<String> = of("node")
            .filter(|node| is_box(&node[1]) == boxes)
            .map(|node| called(&node[1]))
            .collect();
        names.sort();
        names
    };
    let mut edges: Vec<(String, String)> = of("edge").map(|edge| (called(&edge[1]), called(&edge[2]))).collect();
    edges.sort();
    Read {
        boxes: names(true),
        ops: names(false),
        edges,
    }
}

/// The words of a line of `dot -Tplain`; quoted ones may hold spaces.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let (word, after) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let end = (0..quoted.len())
                    .find(|&at| quoted[at..].starts_with('"') && !quoted[..at].ends_with('\\'))
                    .expect("quotes are closed");
                (&quoted[..end], &quoted[end + 1..])
            }
            None => rest.split_at(rest.find(' ').unwrap_or(rest.len())),
        };
        words.push(word.to_owned());
        rest = after.trim_start();
    }
    words
}

/// The texts of an SVG in the order of the file, as a reader sees them: spaces that may not break
/// are spaces.
pub(crate) fn texts(svg: &str) -> Vec<String> {
    let opened = svg.split("<text").skip(1);
    opened
        .map(|text| {
            let start = text.find('>').unwrap() + 1;
            let end = text.find("</text>").unwrap();
            unescape(&text[start..end]).replace('\u{a0}', " ")
        })
        .collect()
}

fn unescape(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        let end = at + rest[at..].find(';').expect("entities end in a semicolon");
        plain.push(match &rest[at + 1..end] {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "#160" => ' ',
            other => char::from_u32(other.strip_prefix('#').unwrap().parse().unwrap()).unwrap(),
        });
        rest = &rest[end + 1..];
    }
    plain + rest
}

/// A folder of its own, removed when dropped.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Folder {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!(
            "wengert-viz-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Folder(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The names of the files in it, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}
