//! Groups keep the boxes of a view few: the entries of a scope are put in groups, in the order of the tape, and groups
//! in groups.

use std::collections::{HashMap, VecDeque};

use petgraph::graph::NodeIndex;

use crate::graph::{Drawing, Vertex};

/// The most entries that stand directly in one block, and the number of groups that more of them are put in.
const MOST: usize = 60;
const GROUPS: usize = 10;

/// What stands directly in a scope.
enum Member {
    Value(NodeIndex),
    Scope(usize),
}

#[derive(Default)]
struct Scope {
    /// The scope around it, and which of its members it is.
    parent: (usize, usize),
    name: String,
    members: Vec<Member>,
}

/// For each value the scopes that it stands in, groups among them.
pub(crate) fn paths(drawing: &Drawing) -> HashMap<NodeIndex, Vec<String>> {
    let mut scopes = vec![Scope::default()];
    let mut by_path: HashMap<&[String], usize> = HashMap::from([(&[][..], 0)]);
    for vertex in drawing.node_indices() {
        let Vertex::Value(value) = &drawing[vertex] else {
            continue;
        };
        let mut scope = 0;
        for depth in 1..=value.scope.len() {
            let path = &value.scope[..depth];
            scope = *by_path.entry(path).or_insert_with(|| {
                let number = scopes.len();
                scopes.push(Scope {
                    parent: (scope, scopes[scope].members.len()),
                    name: path[depth - 1].clone(),
                    members: Vec::new(),
                });
                scopes[scope].members.push(Member::Scope(number));
                number
            });
        }
        scopes[scope].members.push(Member::Value(vertex));
    }
    let name = |member: &Member| -> String {
        match member {
            Member::Value(vertex) => match &drawing[*vertex] {
                Vertex::Value(value) => value.id.to_string(),
                _ => String::new(),
            },
            Member::Scope(number) => scopes[*number].name.clone(),
        }
    };
    let groups: Vec<Vec<Vec<String>>> =
        scopes.iter().map(|scope| grouped(&scope.members.iter().map(name).collect::<Vec<_>>())).collect();
    // Scopes have higher numbers than those around them.
    let mut whole: Vec<Vec<String>> = vec![Vec::new()];
    for scope in &scopes[1..] {
        let (parent, member) = scope.parent;
        let mut path = [&whole[parent][..], &groups[parent][member]].concat();
        path.push(scope.name.clone());
        whole.push(path);
    }
    let mut paths = HashMap::new();
    for (number, scope) in scopes.iter().enumerate() {
        for (member, group) in scope.members.iter().zip(&groups[number]) {
            if let Member::Value(vertex) = member {
                paths.insert(*vertex, [&whole[number][..], group].concat());
            }
        }
    }
    paths
}

/// For each member the groups that it is put in, outermost first.
fn grouped(names: &[String]) -> Vec<Vec<String>> {
    let mut groups: Vec<Vec<String>> = vec![Vec::new(); names.len()];
    // What is still one group, from where to where.
    let mut whole = VecDeque::new();
    whole.push_back(0..names.len());
    while let Some(range) = whole.pop_front() {
        if range.len() <= MOST {
            continue;
        }
        let size = range.len().div_ceil(GROUPS);
        for first in range.clone().step_by(size) {
            let part = first..range.end.min(first + size);
            let name = format!("{} … {}", names[first], names[part.end - 1]);
            groups[part.clone()].iter_mut().for_each(|group| group.push(name.clone()));
            whole.push_back(part);
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_are_put_in_groups_and_groups_in_groups() {
        let names: Vec<String> = (0..5000).map(|k| format!("n{k}")).collect();
        let few = grouped(&names[..MOST]);
        assert!(few.iter().all(Vec::is_empty));
        let some = grouped(&names[..100]);
        assert_eq!(some[39], ["n30 … n39"]);
        assert_eq!(some[99], ["n90 … n99"]);
        let many = grouped(&names);
        assert_eq!(many[1700], ["n1500 … n1999", "n1700 … n1749"]);
    }
}
