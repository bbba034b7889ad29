//! A graph compared with a model of it that is a plain list. After any sequence of calls both have the same values,
//! gradients, names and guards, and both refuse the same calls.

use proptest::prelude::*;
use proptest::sample::Index;
use wengert::{Error, Graph, Mark, NodeId, Op};

/// A call on a graph. Nodes and marks are chosen among the existing ones.
#[derive(Clone, Debug)]
enum Act {
    Leaf(i8),
    Constant(i8),
    Neg(Index),
    Add(Index, Index),
    Mul(Index, Index),
    /// Two nodes in a scope of that name.
    Scoped(u8, Index),
    /// A comparison, as a guard.
    Less(Index, Index),
    Set(Index, i8),
    Forward,
    Backward(Index),
    Label(Index, u8),
    Mark,
    Rewind(Index),
    Reset,
    /// Asks for a node that was dropped.
    Dropped(Index),
}

fn act() -> impl Strategy<Value = Act> {
    let at = any::<Index>;
    prop_oneof![
        3 => any::<i8>().prop_map(Act::Leaf),
        1 => (-2i8..3).prop_map(Act::Constant),
        3 => at().prop_map(Act::Neg),
        4 => (at(), at()).prop_map(|(a, b)| Act::Add(a, b)),
        4 => (at(), at()).prop_map(|(a, b)| Act::Mul(a, b)),
        1 => (any::<u8>(), at()).prop_map(|(name, a)| Act::Scoped(name, a)),
        1 => (at(), at()).prop_map(|(a, b)| Act::Less(a, b)),
        2 => (at(), any::<i8>()).prop_map(|(a, v)| Act::Set(a, v)),
        2 => Just(Act::Forward),
        3 => at().prop_map(Act::Backward),
        1 => (at(), any::<u8>()).prop_map(|(a, name)| Act::Label(a, name)),
        2 => Just(Act::Mark),
        3 => at().prop_map(Act::Rewind),
        1 => prop::bool::weighted(0.2).prop_map(|reset| if reset { Act::Reset } else { Act::Forward }),
        1 => at().prop_map(Act::Dropped),
    ]
}

/// A node of the model.
#[derive(Clone)]
struct Node {
    key: NodeId,
    op: Op,
    operands: Vec<usize>,
    value: f64,
    stale: bool,
    wants: bool,
    grad: f64,
    label: Option<String>,
    scope: Vec<String>,
}

/// A mark, how long graph and guards were, and whether it is still valid.
struct Marked {
    mark: Mark,
    nodes: usize,
    guards: usize,
    good: bool,
}

#[derive(Default)]
struct Model {
    nodes: Vec<Node>,
    /// Left, right, what was recorded.
    guards: Vec<(usize, usize, bool)>,
    marks: Vec<Marked>,
    dropped: Vec<NodeId>,
}

impl Model {
    fn at(&self, index: Index) -> Option<usize> {
        (!self.nodes.is_empty()).then(|| index.index(self.nodes.len()))
    }

    /// An error for the first of these nodes that is stale.
    fn fresh(&self, nodes: &[usize]) -> Result<(), Error> {
        match nodes.iter().find(|&&x| self.nodes[x].stale) {
            Some(&x) => Err(Error::StaleValue { node: self.nodes[x].key, label: self.label(x) }),
            None => Ok(()),
        }
    }

    fn compute(&self, op: Op, operands: &[usize]) -> f64 {
        let x = |k: usize| self.nodes[operands[k]].value;
        match op {
            Op::Neg => -x(0),
            Op::Add => x(0) + x(1),
            Op::Mul => x(0) * x(1),
            _ => unreachable!("no other op is computed here"),
        }
    }

    fn push(&mut self, key: NodeId, op: Op, operands: Vec<usize>, value: f64, scope: Vec<String>) {
        let wants = op == Op::Leaf || operands.iter().any(|&x| self.nodes[x].wants);
        self.nodes.push(Node { key, op, operands, value, stale: false, wants, grad: 0.0, label: None, scope });
    }

    /// Records on both sides and compares the results.
    fn record(&mut self, g: &Graph, op: Op, operands: Vec<usize>, scope: Vec<String>) {
        let keys: Vec<NodeId> = operands.iter().map(|&x| self.nodes[x].key).collect();
        let got = g.try_record(op, [0.0; 2], &keys);
        match self.fresh(&operands) {
            Err(error) => assert_eq!(got, Err(error)),
            Ok(()) => {
                let value = self.compute(op, &operands);
                self.push(got.unwrap(), op, operands, value, scope);
            }
        }
    }

    fn make_stale(&mut self) {
        for node in self.nodes.iter_mut().filter(|node| !matches!(node.op, Op::Leaf | Op::Const)) {
            node.stale = true;
        }
    }

    fn forward(&mut self) -> Result<(), (usize, usize, bool)> {
        for k in 0..self.nodes.len() {
            let Node { op, ref operands, .. } = self.nodes[k];
            if !matches!(op, Op::Leaf | Op::Const) {
                self.nodes[k].value = self.compute(op, &operands.clone());
                self.nodes[k].stale = false;
            }
        }
        let holds =
            |&&(a, b, recorded): &&(usize, usize, bool)| (self.nodes[a].value < self.nodes[b].value) == recorded;
        match self.guards.iter().find(|guard| !holds(guard)) {
            None => Ok(()),
            Some(&guard) => {
                self.make_stale();
                Err(guard)
            }
        }
    }

    fn backward(&mut self, l: usize) {
        let mut bars = vec![0.0; self.nodes.len()];
        bars[l] = 1.0;
        for k in (0..=l).rev() {
            let bar = bars[k];
            let Node { op, ref operands, .. } = self.nodes[k];
            if bar == 0.0 {
                continue;
            }
            let value = |k: usize| self.nodes[operands[k]].value;
            match op {
                Op::Neg => bars[operands[0]] -= bar,
                Op::Add | Op::Mul => {
                    let parts = match op {
                        Op::Add => [bar, bar],
                        _ => [guarded(bar, value(1)), guarded(bar, value(0))],
                    };
                    if operands[0] == operands[1] {
                        // The two parts of the same operand are added first.
                        bars[operands[0]] += parts[0] + parts[1];
                    } else {
                        bars[operands[0]] += parts[0];
                        bars[operands[1]] += parts[1];
                    }
                }
                _ => {}
            }
        }
        for (node, bar) in self.nodes.iter_mut().zip(bars) {
            node.grad = if node.wants { bar } else { 0.0 };
        }
    }

    fn cut(&mut self, nodes: usize, guards: usize) {
        self.dropped.extend(self.nodes.drain(nodes..).map(|node| node.key));
        self.guards.truncate(guards);
        for marked in &mut self.marks {
            marked.good &= marked.nodes <= nodes && marked.guards <= guards;
        }
    }

    fn apply(&mut self, g: &mut Graph, act: &Act) {
        match *act {
            Act::Leaf(v) => {
                let key = g.leaf(v.into());
                self.push(key, Op::Leaf, vec![], v.into(), vec![]);
            }
            Act::Constant(v) => {
                let (before, key) = (g.len(), g.constant(v.into()));
                match self.nodes.iter().find(|node| node.key == key) {
                    Some(node) => assert_eq!((node.op, node.value, g.len()), (Op::Const, v.into(), before)),
                    None => self.push(key, Op::Const, vec![], v.into(), vec![]),
                }
            }
            Act::Neg(a) => {
                if let Some(a) = self.at(a) {
                    self.record(g, Op::Neg, vec![a], vec![]);
                }
            }
            Act::Add(a, b) | Act::Mul(a, b) => {
                let op = if matches!(act, Act::Add(..)) { Op::Add } else { Op::Mul };
                if let (Some(a), Some(b)) = (self.at(a), self.at(b)) {
                    self.record(g, op, vec![a, b], vec![]);
                }
            }
            Act::Scoped(name, a) => {
                if let Some(a) = self.at(a) {
                    let path = vec![format!("s{name}")];
                    let _outer = g.scope(&path[0]);
                    self.record(g, Op::Neg, vec![a], path.clone());
                    let _inner = g.scope("inner");
                    self.record(g, Op::Add, vec![a, a], [path, vec!["inner".into()]].concat());
                }
            }
            Act::Less(a, b) => {
                if let (Some(a), Some(b)) = (self.at(a), self.at(b))
                    && self.fresh(&[a, b]).is_ok()
                {
                    let [x, y] = [a, b].map(|x| g.expr(self.nodes[x].key));
                    let recorded = x < y;
                    self.guards.push((a, b, recorded));
                }
            }
            Act::Set(a, v) => {
                if let Some(a) = self.at(a) {
                    let Node { key, op, .. } = self.nodes[a];
                    let got = g.try_set(key, v.into());
                    if op == Op::Leaf {
                        assert_eq!(got, Ok(()));
                        self.nodes[a].value = v.into();
                        self.make_stale();
                    } else {
                        assert_eq!(got, Err(Error::NotALeaf { node: key, label: self.label(a), op }));
                    }
                }
            }
            Act::Forward => match (g.forward(), self.forward()) {
                (Ok(()), Ok(())) => {}
                (Err(Error::GuardFlipped { left, right, recorded, .. }), Err((a, b, want))) => {
                    assert_eq!((left, right, recorded), (self.nodes[a].key, self.nodes[b].key, want));
                }
                (got, want) => panic!("{got:?} for {want:?}"),
            },
            Act::Backward(a) => {
                if let Some(a) = self.at(a) {
                    let got = g.try_backward(self.nodes[a].key);
                    assert_eq!(got, self.fresh(&[a]));
                    if got.is_ok() {
                        self.backward(a);
                    }
                }
            }
            Act::Label(a, name) => {
                if let Some(a) = self.at(a) {
                    g.label(self.nodes[a].key, format!("l{name}"));
                    self.nodes[a].label = Some(format!("l{name}"));
                }
            }
            Act::Mark => {
                let (nodes, guards) = (self.nodes.len(), self.guards.len());
                self.marks.push(Marked { mark: g.mark(), nodes, guards, good: true });
            }
            Act::Rewind(at) => {
                if !self.marks.is_empty() {
                    let Marked { mark, nodes, guards, good } = self.marks[at.index(self.marks.len())];
                    let got = g.try_rewind(mark);
                    assert_eq!(got, if good { Ok(()) } else { Err(Error::StaleMark) });
                    if good {
                        self.cut(nodes, guards);
                    }
                }
            }
            Act::Reset => {
                g.reset();
                self.cut(0, 0);
                self.marks.iter_mut().for_each(|marked| marked.good = false);
            }
            Act::Dropped(at) => {
                if !self.dropped.is_empty() {
                    let node = self.dropped[at.index(self.dropped.len())];
                    assert_eq!(g.try_value(node), Err(Error::Dropped { node }));
                    assert_eq!(g.try_grad(node), Err(Error::Dropped { node }));
                }
            }
        }
    }

    /// The label of a node, as errors have it.
    fn label(&self, node: usize) -> Option<Box<str>> {
        self.nodes[node].label.as_deref().map(Into::into)
    }

    /// Compares all that can be seen.
    fn check(&self, g: &Graph) {
        assert_eq!(g.len(), self.nodes.len());
        assert_eq!(g.is_stale(), self.nodes.iter().any(|node| node.stale));
        for (k, node) in self.nodes.iter().enumerate() {
            let key = node.key;
            let want =
                if node.stale { Err(Error::StaleValue { node: key, label: self.label(k) }) } else { Ok(node.value) };
            assert!(same(g.try_value(key), &want), "value {key}: {:?} for {want:?}", g.try_value(key));
            let grad = g.try_grad(key);
            assert!(same(grad.clone(), &Ok(node.grad)), "gradient {key}: {grad:?} for {}", node.grad);
            assert_eq!((g.label_of(key), g.scope_of(key)), (node.label.clone(), node.scope.clone()), "{key}");
            let seen = g.node(key);
            assert_eq!((seen.id, seen.op, seen.wants_gradient), (key, node.op, node.wants), "{key}");
            assert!(seen.operands.iter().map(|x| x.index()).eq(node.operands.iter().copied()), "{key}");
            assert_eq!(g.get(k).map(|node| node.id), Some(key));
        }
        let guards = g.guards();
        assert_eq!(guards.len(), self.guards.len());
        for (got, &(a, b, recorded)) in guards.iter().zip(&self.guards) {
            let want = (self.nodes[a].key, self.nodes[b].key, recorded);
            assert_eq!((got.left, got.right, got.recorded), want);
        }
    }
}

/// A product that is 0 if either factor is 0, whatever the other is.
fn guarded(a: f64, b: f64) -> f64 {
    if a == 0.0 || b == 0.0 { 0.0 } else { a * b }
}

fn same(got: Result<f64, Error>, want: &Result<f64, Error>) -> bool {
    match (&got, want) {
        (Ok(got), Ok(want)) => got == want || got.is_nan() && want.is_nan(),
        _ => got == *want,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_graph_does_what_its_model_does(acts in prop::collection::vec(act(), 1..80)) {
        let (mut g, mut model) = (Graph::new(), Model::default());
        for act in &acts {
            model.apply(&mut g, act);
            model.check(&g);
        }
    }
}
