//! Graphs in the formats of serde: as a text with a line for each node, which is checked line by line when it is read.
//!
//! ```text
//! wengert-graph 1
//! leaf 2.0
//! label a
//! leaf -3.0
//! scope layer 1
//! mul 0 1
//! mul_c 2 0.1
//! leave 0
//! guard 2 lt 3 true
//! end
//! ```
//!
//! | line | content |
//! |--|--|
//! | `leaf`, `const` | the number |
//! | another op, by name | the positions of its operands, then its immediates |
//! | `label` | the label of the node before |
//! | `scope` | opens a scope with this name |
//! | `leave` | closes a scope, numbered from 0 in the order in which they were opened |
//! | `guard` | left operand, name of the relation, right operand, the result of the comparison |
//!
//! Numbers have as many digits as they need; a NaN is `0x` and its bits. In names, `\` and the end of a line are written
//! `\\` and `\n`.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::{self, Write as _};

use serde::de::{self, Visitor};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::graph::Graph;
use crate::node::NodeId;
use crate::op::{NO_IMM, Op, Relation};
use crate::room::{Room, with_room};
use crate::tape::entry::{Handle, MAX_NODES};

const FIRST: &str = "wengert-graph 1";
/// The bytes of the shortest line of a node: `sum`.
const SHORTEST: usize = "sum\n".len();
const SCOPE: &str = "scope ";

/// With the feature `serde`. As a string: nodes, labels, scopes and guards, but no adjoints. A scope that is still open
/// ends with the last node.
///
/// ```
/// use wengert::Graph;
///
/// let g = Graph::new();
/// let [x, y] = [g.var(2.0).named("x"), g.var(-0.0).named("y")];
/// let l = (x * y.exp()).named("l");
/// let json = serde_json::to_string(&g)?;
///
/// let mut loaded: Graph = serde_json::from_str(&json)?;
/// // A node is where it was, under a key of the new graph.
/// let key = |old: wengert::NodeId| loaded.get(old.index()).map(|node| node.id);
/// let (x, l) = (key(x.id()).unwrap(), key(l.id()).unwrap());
/// // Or it is found by its label.
/// let y = loaded.nodes().find(|node| loaded.label_of(node.id).as_deref() == Some("y")).unwrap().id;
/// assert_eq!(loaded.gradient(l, &[x, y]), [1.0, 2.0]);
/// loaded.set(x, 5.0);
/// loaded.forward()?;
/// assert_eq!(loaded.value(l), 5.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Where a value is stale ([`Graph::forward`] first), and where a node is an output of a function of the user's own
/// ([`External`](crate::External)). The graph up to such a node can be compiled, and `wengert-program` saves programs with
/// the names of their functions.
impl Serialize for Graph {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text().map_err(S::Error::custom)?)
    }
}

/// With the feature `serde`. From what a graph was written as, by this version or an earlier one. It may come from anywhere: anything wrong is an
/// error with the number of the line. Positions, labels, scopes and guards are those of the graph that was written.
///
/// Values are computed anew, so none can differ from what its op gives. They have the bits of the graph that was written,
/// if both were computed with the feature `std` or both without; only a computed NaN can have another sign or payload.
///
/// # Errors
/// On another version, an op or relation that does not exist, operands that do not come before the node or are not as
/// many as it takes, an immediate that is not allowed, a guard that has another result, and a text that is cut short.
///
/// # Cost
/// At most 16 bytes of memory for each byte of the text. The time is that of recording the nodes; the slowest op takes 6 ms
/// (see [`MAX_ORDER`](crate::MAX_ORDER)).
impl<'de> Deserialize<'de> for Graph {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Graph, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Graph;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the text of a graph")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Graph, E> {
                let mut reader = Reader::new(text).map_err(E::custom)?;
                reader.read(text).map_err(|what| E::custom(format!("line {} of the graph: {what}", reader.line)))?;
                Ok(reader.graph)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

impl Graph {
    fn text(&self) -> Result<String, String> {
        if self.is_stale() {
            return Err("a leaf was set, so that computed values are stale: call forward, then save the graph".into());
        }
        let (notes, guards) = (self.notes.borrow(), self.guards.borrow());
        let mut text = format!("{FIRST}\n");
        // The open scopes: their numbers here and in the text.
        let (mut open, mut opened): (Vec<(u32, u32)>, u32) = (Vec::new(), 0);
        for position in 0..self.tape.len() {
            let entry = self.tape.entry(position);
            let inside = notes.scopes.at(position);
            open.retain(|&(scope, number)| {
                let stays = inside.contains(&scope);
                if !stays {
                    put(&mut text, format_args!("leave {number}\n"));
                }
                stays
            });
            for &scope in &inside {
                if open.iter().all(|&(other, _)| other != scope) {
                    put(&mut text, format_args!("{SCOPE}{}\n", Name(notes.scopes.name(scope))));
                    open.push((scope, opened));
                    opened += 1;
                }
            }
            put(&mut text, format_args!("{}", entry.op()));
            match entry.op() {
                Op::Leaf | Op::Const => put(&mut text, format_args!(" {}", Number(entry.value))),
                Op::External => {
                    let name = self.external_at(position).map(|output| output.function.name().to_string());
                    return Err(format!(
                        "n{position} is an output of the function {:?}, which a graph cannot save: compile a program, which saves it by name",
                        name.unwrap_or_default()
                    ));
                }
                op => {
                    let imm = self.tape.operands(entry, |x| put(&mut text, format_args!(" {x}")));
                    imm[..op.immediates()].iter().for_each(|&c| put(&mut text, format_args!(" {}", Number(c))));
                }
            }
            text.push('\n');
            if let Some(label) = notes.label(self.generations.key(position)) {
                put(&mut text, format_args!("label {}\n", Name(label)));
            }
        }
        open.iter().for_each(|(_, number)| put(&mut text, format_args!("leave {number}\n")));
        for guard in guards.iter() {
            let (left, right) = (guard.left, guard.right);
            put(&mut text, format_args!("guard {left} {} {right} {}\n", guard.relation.name(), guard.recorded));
        }
        Ok(text + "end\n")
    }
}

fn put(text: &mut String, what: fmt::Arguments<'_>) {
    let written = text.write_fmt(what);
    debug_assert!(written.is_ok(), "a string takes everything");
}

/// A number with its shortest digits, a NaN as its bits.
struct Number(f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.is_nan() {
            true => write!(f, "{:#x}", self.0.to_bits()),
            false => write!(f, "{:?}", self.0),
        }
    }
}

impl Number {
    fn read(word: &str) -> Result<f64, String> {
        let number: Option<f64> = match word.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16).ok().map(f64::from_bits),
            None => word.parse().ok(),
        };
        number.ok_or_else(|| format!("{} is not a number", Start(word)))
    }
}

/// A name on one line.
struct Name<'n>(&'n str);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '\\' => f.write_str("\\\\"),
            '\n' => f.write_str("\\n"),
            c => f.write_char(c),
        })
    }
}

impl Name<'_> {
    fn read(words: &str) -> Result<Cow<'_, str>, String> {
        if !words.contains('\\') {
            return Ok(words.into());
        }
        let mut name = String::new();
        let mut rest = words.chars();
        while let Some(c) = rest.next() {
            name.push(match (c, c == '\\') {
                (c, false) => c,
                _ => match rest.next() {
                    Some('\\') => '\\',
                    Some('n') => '\n',
                    _ => return Err("a \\ in a name is followed by \\ or n".into()),
                },
            });
        }
        Ok(name.into())
    }
}

/// The start of a word, for a message: the word may be as long as the text.
struct Start<'w>(&'w str);

impl fmt::Display for Start<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(30) {
            Some((end, _)) => write!(f, "{:?} and so on", &self.0[..end]),
            None => write!(f, "{:?}", self.0),
        }
    }
}

/// What was read so far.
struct Reader {
    graph: Graph,
    line: usize,
}

impl Reader {
    /// Counts what will come, so that lists need not grow: the memory of a list that grows is a multiple of its own.
    fn new(text: &str) -> Result<Reader, String> {
        let lines = || text.split('\n');
        let nodes = lines().count().min(text.len() / SHORTEST).min(MAX_NODES);
        let graph = Graph::try_with_capacity(nodes).map_err(|error| error.to_string())?;
        let scopes = lines().filter(|line| line.starts_with(SCOPE)).count();
        graph.notes.borrow_mut().scopes.room(scopes).map_err(|_| "out of memory")?;
        Ok(Reader { graph, line: 0 })
    }

    fn read(&mut self, text: &str) -> Result<(), String> {
        let mut lines = text.split('\n');
        self.line = 1;
        let first = lines.next().unwrap_or_default();
        if first != FIRST {
            let newer = first.strip_prefix("wengert-graph ").and_then(|version| version.parse::<u32>().ok());
            return Err(match newer {
                Some(version) => format!("the graph has version {version}, and this reads version 1"),
                None => format!("expected {FIRST:?}"),
            });
        }
        loop {
            self.line += 1;
            let line = lines.next().ok_or("the graph ends early")?;
            if line == "end" {
                break;
            }
            self.read_line(line)?;
        }
        if self.graph.notes.borrow().scopes.any_open() {
            return Err("a scope is not closed".into());
        }
        match lines.next() == Some("") && lines.next().is_none() {
            true => Ok(()),
            false => Err("an end of the line, and nothing else, follows \"end\"".into()),
        }
    }

    fn read_line(&mut self, line: &str) -> Result<(), String> {
        let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
        match first {
            "leaf" => self.graph.try_leaf(Number::read(rest)?).map(drop).map_err(|error| error.to_string()),
            "const" => {
                let value = Number::read(rest)?;
                // Never an earlier node of the same value: every line is a node.
                self.graph.tape.allow(1).map_err(|error| error.to_string())?;
                self.graph.tape.push_constant(value);
                Ok(())
            }
            "label" => {
                let node = self.graph.tape.len().checked_sub(1).ok_or("a label follows its node")?;
                let label = Name::read(rest)?;
                self.graph.notes.borrow_mut().room().map_err(|_| "out of memory")?;
                self.graph.label(self.graph.generations.key(node), label);
                Ok(())
            }
            "scope" => {
                let name = Name::read(rest)?.into_owned();
                self.graph.notes.borrow_mut().scopes.enter(name, self.graph.tape.len());
                Ok(())
            }
            "leave" => {
                let number = rest.parse().map_err(|_| format!("{} is not the number of a scope", Start(rest)))?;
                if !self.graph.notes.borrow().scopes.is_open(number) {
                    return Err(format!("scope {number} is not open"));
                }
                self.graph.leave_scope(number);
                Ok(())
            }
            "guard" => self.read_guard(rest),
            name => self.read_op(name, rest),
        }
    }

    /// The key of the node at the position that a word says.
    fn node(&self, word: &str) -> Result<NodeId, String> {
        match word.parse::<u32>() {
            Ok(position) if position < self.graph.tape.len() => Ok(self.graph.generations.key(position)),
            Ok(position) => Err(format!("n{position} does not come before this line")),
            Err(_) => Err(format!("{} is not the position of a node", Start(word))),
        }
    }

    fn read_op(&mut self, name: &str, rest: &str) -> Result<(), String> {
        let op = Op::from_name(name).ok_or_else(|| format!("no op is named {}", Start(name)))?;
        let words = || rest.split(' ').filter(|_| !rest.is_empty());
        let (count, mut imm) = (words().count(), NO_IMM);
        let operands = count.saturating_sub(op.immediates());
        let mut keys = with_room(operands).map_err(|_| "out of memory")?;
        for word in words().take(operands) {
            keys.push(self.node(word)?);
        }
        for (number, word) in imm.iter_mut().zip(words().skip(operands)) {
            *number = Number::read(word)?;
        }
        if count != operands + op.immediates() {
            return Err(format!("{op} has {} immediates", op.immediates()));
        }
        self.graph.try_record(op, imm, &keys).map(drop).map_err(|error| error.to_string())
    }

    fn read_guard(&mut self, rest: &str) -> Result<(), String> {
        let mut words = rest.split(' ');
        let [left, relation, right, recorded] = [(); 4].map(|()| words.next().unwrap_or_default());
        let [left, right] = [self.node(left)?, self.node(right)?];
        let known = Relation::ALL.iter().copied().find(|known| known.name() == relation);
        let relation = known.ok_or_else(|| format!("no relation is named {}", Start(relation)))?;
        let recorded = match recorded {
            "true" => true,
            "false" => false,
            other => return Err(format!("expected true or false, not {}", Start(other))),
        };
        if words.next().is_some() {
            return Err("more follows the guard".into());
        }
        let [(left, x), (right, y)] = [left, right].map(|node| {
            let entry = self.graph.tape.entry(node.position());
            (Handle::new(node.position(), entry.wants()), entry.value)
        });
        if relation.holds(x, y) != recorded {
            return Err(format!("{x:?} {relation} {y:?} is {}, but the guard says {recorded}", !recorded));
        }
        self.graph.guards.borrow_mut().room(1).map_err(|_| "out of memory")?;
        self.graph.push_guard(left, relation, right, recorded);
        Ok(())
    }
}
