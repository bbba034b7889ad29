//! A reader of the DOT language, by its grammar (graphviz.org/doc/info/lang.html), as far as
//! pictures of graphs need it.

use std::collections::HashMap;
use std::iter::Peekable;
use std::str::Chars;

/// A graph as it was read, without the names of nodes.
#[derive(Debug)]
pub(crate) struct Read {
    /// Labels of boxes, sorted.
    pub(crate) boxes: Vec<String>,
    /// Ops, each as its label and the label of the box it points to, sorted.
    pub(crate) ops: Vec<String>,
    /// The source and the target of each edge, sorted; repeated edges are kept.
    pub(crate) edges: Vec<(String, String)>,
    /// The labels of clusters, outer ones before those within them.
    pub(crate) clusters: Vec<String>,
    /// The attributes of the graph.
    pub(crate) graph: HashMap<String, String>,
}

impl Read {
    /// Boxes, ops and edges.
    pub(crate) fn contents(&self) -> (&[String], &[String], &[(String, String)]) {
        (&self.boxes, &self.ops, &self.edges)
    }
}

type Attributes = HashMap<String, String>;

#[derive(Debug, PartialEq)]
enum Token {
    Word(String),
    Sign(char),
    Arrow,
}

struct Nodes {
    names: Vec<String>,
    attributes: HashMap<String, Attributes>,
    edges: Vec<(String, String)>,
    clusters: Vec<String>,
    graph: Attributes,
}

/// Reads a DOT text; panics where it is not one.
pub(crate) fn read(text: &str) -> Read {
    let tokens = tokens(text);
    let mut nodes = Nodes {
        names: Vec::new(),
        attributes: HashMap::new(),
        edges: Vec::new(),
        clusters: Vec::new(),
        graph: HashMap::new(),
    };
    let start = tokens.iter().position(|token| *token == Token::Sign('{')).unwrap();
    assert!(matches!(&tokens[0], Token::Word(word) if word == "digraph"));
    let end = statements(&tokens, start + 1, &mut nodes, true);
    assert_eq!(end, tokens.len(), "nothing follows the graph");

    let shape = |name: &str| nodes.attributes[name].get("shape").map(String::as_str);
    let label = |name: &str| nodes.attributes[name].get("label").cloned().unwrap_or_default();
    let called = |name: &str| {
        if shape(name) == Some("record") {
            return label(name);
        }
        let result = nodes.edges.iter().find(|(from, _)| from == name);
        format!("{} -> {}", label(name), result.map_or("nothing".into(), |(_, to)| label(to)))
    };
    let all = |boxes: bool| {
        let mut all: Vec<String> = nodes
            .names
            .iter()
            .filter(|name| (shape(name) == Some("record")) == boxes)
            .map(|name| called(name))
            .collect();
        all.sort();
        all
    };
    let mut edges: Vec<_> = nodes.edges.iter().map(|(from, to)| (called(from), called(to))).collect();
    edges.sort();
    Read { boxes: all(true), ops: all(false), edges, clusters: nodes.clusters.clone(), graph: nodes.graph.clone() }
}

/// Reads statements up to the closing brace; returns the place after it.
fn statements(tokens: &[Token], mut at: usize, nodes: &mut Nodes, outermost: bool) -> usize {
    loop {
        match &tokens[at] {
            Token::Sign('}') => return at + 1,
            Token::Sign(';') => at += 1,
            Token::Word(word) if word == "subgraph" => {
                assert_eq!(tokens[at + 2], Token::Sign('{'));
                let label = nodes.clusters.len();
                nodes.clusters.push(String::new());
                let inside = at + 3;
                if tokens[inside + 1] == Token::Sign('=') && tokens[inside] == Token::Word("label".into()) {
                    nodes.clusters[label] = word_at(tokens, inside + 2);
                }
                at = statements(tokens, inside, nodes, false);
            }
            Token::Word(name) => {
                let name = name.clone();
                match &tokens[at + 1] {
                    Token::Sign('=') => {
                        if outermost {
                            nodes.graph.insert(name, word_at(tokens, at + 2));
                        }
                        at += 3;
                    }
                    Token::Arrow => {
                        let to = word_at(tokens, at + 2);
                        for name in [&name, &to] {
                            nodes.node(name);
                        }
                        nodes.edges.push((name, to));
                        at = attributes(tokens, at + 3).1;
                    }
                    _ => {
                        let (found, end) = attributes(tokens, at + 1);
                        match &name[..] {
                            "graph" => nodes.graph.extend(found),
                            "node" | "edge" => {}
                            _ => nodes.node(&name).extend(found),
                        }
                        at = end;
                    }
                }
            }
            token => panic!("{token:?} begins no statement"),
        }
    }
}

impl Nodes {
    fn node(&mut self, name: &str) -> &mut Attributes {
        if !self.attributes.contains_key(name) {
            self.names.push(name.to_owned());
        }
        self.attributes.entry(name.to_owned()).or_default()
    }
}

fn word_at(tokens: &[Token], at: usize) -> String {
    match &tokens[at] {
        Token::Word(word) => word.clone(),
        token => panic!("{token:?} is not a name"),
    }
}

/// The attributes in brackets, if there are any, and the place after them.
fn attributes(tokens: &[Token], mut at: usize) -> (Attributes, usize) {
    let mut attributes = HashMap::new();
    if tokens[at] != Token::Sign('[') {
        return (attributes, at);
    }
    at += 1;
    while tokens[at] != Token::Sign(']') {
        if matches!(tokens[at], Token::Sign(',' | ';')) {
            at += 1;
            continue;
        }
        assert_eq!(tokens[at + 1], Token::Sign('='));
        attributes.insert(word_at(tokens, at), word_at(tokens, at + 2));
        at += 3;
    }
    (attributes, at + 1)
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        tokens.push(match c {
            _ if c.is_whitespace() => continue,
            '"' => Token::Word(quoted(&mut rest)),
            '-' if rest.peek() == Some(&'>') => {
                rest.next();
                Token::Arrow
            }
            '{' | '}' | '[' | ']' | '=' | ',' | ';' => Token::Sign(c),
            _ => {
                assert!(c.is_alphanumeric() || "_.-".contains(c), "{c:?} begins no name");
                let mut word = String::from(c);
                while let Some(c) = rest.next_if(|&c| c.is_alphanumeric() || "_.".contains(c)) {
                    word.push(c);
                }
                Token::Word(word)
            }
        });
    }
    tokens
}

/// A string up to its closing quote, where only `\"` means something.
fn quoted(rest: &mut Peekable<Chars<'_>>) -> String {
    let mut word = String::new();
    loop {
        match rest.next().expect("quotes are closed") {
            '"' => return word,
            '\\' if rest.peek() == Some(&'"') => word.extend(rest.next()),
            '\\' => {
                word.push('\\');
                // Whatever it escapes, it is not the end.
                word.extend(rest.next());
            }
            c => word.push(c),
        }
    }
}

/// The fields of a record as a reader sees them: the outer braces and bars are structure, escapes and entities become
/// what they stand for, and ordinary spaces at the ends of a field are dropped.
pub(crate) fn fields(record: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut rest = record.chars();
    while let Some(c) = rest.next() {
        let field = fields.last_mut().unwrap();
        match c {
            '{' | '}' => {}
            '|' => fields.push(String::new()),
            '<' | '>' => panic!("{c:?} would name a port"),
            '\\' => match rest.next().unwrap() {
                'n' => field.push('\n'),
                c @ ('{' | '}' | '|' | '<' | '>' | '\\' | '"' | ' ') => field.push(c),
                c => panic!("the escape \\{c} means something else"),
            },
            ' ' => {
                if !field.is_empty() && !field.ends_with(' ') {
                    field.push(' ');
                }
            }
            '&' => {
                let entity: String = rest.by_ref().take_while(|&c| c != ';').collect();
                field.push(match &entity[..] {
                    "amp" => '&',
                    "#160" => '\u{a0}',
                    other => panic!("&{other}; is not expected"),
                });
            }
            c => field.push(c),
        }
    }
    fields.into_iter().map(|field| field.trim_end_matches(' ').replace('\u{a0}', " ")).collect()
}
