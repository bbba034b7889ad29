//! Sequences of calls on two graphs, compared with a model after each call: values, gradients, names, guards, errors.

use std::fmt::Debug;

use arbitrary::{Arbitrary, Unstructured};
use wengert::{Error, Graph, NO_IMM, NodeId, Op, Relation};
use wengert_program::{Options, Program, Workspace};

use crate::functions::{Called, twist};
use crate::model::{Marked, Model, Node, Refused, Tangent, same};

/// The most nodes of a graph: later ones are not recorded.
const MOST: usize = 120;

/// A call, and the bytes that choose its nodes and numbers. The highest bit of the kind chooses the graph.
#[derive(Arbitrary, Clone, Copy, Debug)]
struct Call {
    kind: u8,
    a: u8,
    b: u8,
    c: u8,
}

/// A key to call with: of a node of the graph, or a wrong one.
#[derive(Clone, Copy)]
enum Key {
    Node(usize),
    Wrong(NodeId),
}

/// The bytes are calls, four bytes each.
pub fn api(bytes: &[u8]) {
    let mut bytes = Unstructured::new(bytes);
    let mut sides: [Side; 2] = Default::default();
    while !bytes.is_empty() {
        let Ok(call) = Call::arbitrary(&mut bytes) else { return };
        let [one, other] = &mut sides;
        let (side, other) = if call.kind & 0x80 == 0 { (one, other) } else { (other, one) };
        side.call(call, &other.model);
        side.check();
    }
}

#[derive(Default)]
struct Side {
    graph: Graph,
    model: Model,
}

impl Side {
    /// The key that a byte chooses: from 224 on a wrong one, of the other graph or of a dropped node.
    fn key(&self, byte: u8, other: &Model) -> Option<Key> {
        let (nodes, place) = (&self.model.nodes, usize::from(byte));
        if byte < 224 {
            return (!nodes.is_empty()).then(|| Key::Node(place % nodes.len()));
        }
        let foreign = other.nodes.iter().map(|node| node.key);
        let wrong: Vec<NodeId> = foreign.chain(self.model.dropped.iter().copied()).collect();
        (!wrong.is_empty()).then(|| Key::Wrong(wrong[(place - 224) * wrong.len() / 32]))
    }

    fn id(&self, key: Key) -> NodeId {
        match key {
            Key::Node(k) => self.model.nodes[k].key,
            Key::Wrong(key) => key,
        }
    }

    /// The first error that reading these in order gives.
    fn readable(&self, keys: &[Key]) -> Result<Vec<usize>, Error> {
        keys.iter()
            .map(|&key| match key {
                Key::Wrong(node) => Err(self.model.refusal(node)),
                Key::Node(k) => self.model.fresh(k).map(|()| k),
            })
            .collect()
    }

    /// Records on both sides and compares the results.
    fn record(&mut self, op: Op, c: f64, keys: &[Key], scope: &[String]) {
        if self.graph.len() >= MOST {
            return;
        }
        let ids: Vec<NodeId> = keys.iter().map(|&key| self.id(key)).collect();
        let imm = if op.immediates() > 0 { [c, 0.0] } else { NO_IMM };
        let got = self.graph.try_record(op, imm, &ids);
        match self.readable(keys) {
            Err(error) => assert_eq!(got, Err(error), "{op}"),
            Ok(operands) => {
                let value = self.model.compute(op, c, &operands);
                self.model.push(got.expect("right keys"), op, c, operands, value, scope.to_vec());
            }
        }
    }

    fn call(&mut self, Call { kind, a, b, c }: Call, other: &Model) {
        let number = f64::from(b as i8) / 4.0;
        let [x, y, z] = [a, b, c].map(|byte| self.key(byte, other));
        match (kind & 0x7f, x, y, z) {
            (0..6, ..) if self.graph.len() < MOST => {
                let key = self.graph.leaf(number);
                self.model.push(key, Op::Leaf, 0.0, vec![], number, vec![]);
            }
            (6 | 7, ..) if self.graph.len() < MOST => {
                let (before, key) = (self.graph.len(), self.graph.constant(number));
                match self.model.nodes.iter().find(|node| node.key == key) {
                    Some(node) => assert_eq!((node.op, node.value, self.graph.len()), (Op::Const, number, before)),
                    None => self.model.push(key, Op::Const, 0.0, vec![], number, vec![]),
                }
            }
            (kind @ 8..24, Some(x), ..) => {
                const UNARY: [Op; 8] =
                    [Op::Neg, Op::Abs, Op::Relu, Op::Recip, Op::Step, Op::Sign, Op::Detach, Op::MulC];
                const CONSTANT: [Op; 8] =
                    [Op::AddC, Op::SubC, Op::CSub, Op::MulC, Op::DivC, Op::CDiv, Op::Flat, Op::Neg];
                let op = if kind < 16 { UNARY[usize::from(kind) - 8] } else { CONSTANT[usize::from(kind) - 16] };
                self.record(op, number, &[x], &[]);
            }
            (kind @ 24..40, Some(x), Some(y), _) => {
                const BINARY: [Op; 8] = [Op::Add, Op::Sub, Op::Mul, Op::Div, Op::Max, Op::Min, Op::Lt, Op::Mul];
                self.record(BINARY[usize::from(kind) % 8], 0.0, &[x, y], &[]);
            }
            (40..44, Some(x), Some(y), Some(z)) => self.record(Op::Select, 0.0, &[x, y, z], &[]),
            (44..48, Some(x), Some(y), Some(z)) => {
                let keys = [x, y, z, x];
                self.record(Op::Sum, 0.0, &keys[..usize::from(kind) % 5], &[]);
            }
            // Two nodes, the second in a scope within a scope.
            (48, Some(x), Some(y), _) => self.scoped(format!("s{c}"), [x, y]),
            // A comparison, as a guard.
            (49 | 50, Some(x), Some(y), _) => {
                let [left, right] = [x, y].map(|key| self.graph.try_expr(self.id(key)));
                match self.readable(&[x]).and_then(|x| Ok((x[0], self.readable(&[y])?[0]))) {
                    Ok((a, b)) => {
                        let less = left.expect("a right key") < right.expect("a right key");
                        assert_eq!(less, self.model.nodes[a].value < self.model.nodes[b].value);
                        self.model.guards.push((a, b, less));
                    }
                    Err(error) => assert_eq!(left.and(right).err(), Some(error)),
                }
            }
            (51..56, Some(x), ..) => self.set(x, number),
            (56 | 57, Some(x), Some(y), _) => self.set_all([x, y], f64::from(c as i8)),
            (58..64, ..) => {
                let got = self.graph.forward();
                self.forwarded(got);
            }
            (64 | 65, Some(x), Some(y), _) => self.evaluate(x, f64::from(c as i8), y),
            (66..72, Some(x), ..) => self.backward(&[(x, 1.0)]),
            (72 | 73, Some(x), Some(y), _) => self.backward(&[(x, f64::from(c as i8)), (y, 0.5)]),
            (74 | 75, Some(x), Some(y), _) => self.gradient(x, y),
            (76 | 77, Some(x), Some(y), _) => self.tangents(x, y),
            (78..81, Some(x), Some(y), _) => self.gradient_nodes(x, y),
            (81 | 82, Some(Key::Node(k)), ..) => {
                let label = format!("l{b}");
                self.graph.label(self.model.nodes[k].key, &label);
                self.model.nodes[k].label = Some(label);
            }
            (83..88, ..) => {
                let (nodes, guards) = (self.model.nodes.len(), self.model.guards.len());
                self.model.marks.push(Marked { mark: self.graph.mark(), nodes, guards, good: true });
            }
            (88..93, ..) => self.rewind(a, other),
            (93, ..) if a < 64 => {
                self.graph.reset();
                self.model.cut(0, 0);
                self.model.marks.iter_mut().for_each(|marked| marked.good = false);
            }
            (94..97, Some(x), ..) => self.program(x, b, f64::from(c as i8)),
            (97, Some(x), Some(y), _) => self.refused(x, y),
            (kind @ 98..110, Some(x), Some(y), Some(z)) => {
                const CALLED: [Called; 4] = [Called::Shear, Called::Bent, Called::Ring, Called::Twist];
                self.record_call(CALLED[usize::from(kind) % 4], [x, y, z]);
            }
            _ => {}
        }
    }

    /// Records a call of a function with these inputs, again and again as many as it takes.
    fn record_call(&mut self, called: Called, keys: [Key; 3]) {
        if self.graph.len() + 2 > MOST {
            return;
        }
        let keys: Vec<Key> = keys.into_iter().cycle().take(called.inputs()).collect();
        let ids: Vec<NodeId> = keys.iter().map(|&key| self.id(key)).collect();
        let got = called.record(&self.graph, &ids);
        let operands = match self.readable(&keys) {
            Ok(operands) => operands,
            Err(error) => return assert_eq!(got, Err(error)),
        };
        let x: Vec<f64> = operands.iter().map(|&x| self.model.nodes[x].value).collect();
        match (got, called.values(&x)) {
            (Ok(outputs), Some(values)) => self.model.push_call(outputs, called, &operands, values),
            (Err(Error::External { .. }), None) => {}
            (got, want) => panic!("{got:?} for {want:?}"),
        }
    }

    fn scoped(&mut self, name: String, keys: [Key; 2]) {
        if self.graph.len() + 2 > MOST {
            return;
        }
        // A scope borrows the graph, so both are recorded before the model follows.
        let ids = keys.map(|key| self.id(key));
        let (first, second) = {
            let _outer = self.graph.scope(&name);
            let first = self.graph.try_record(Op::Neg, NO_IMM, &ids[..1]);
            let _inner = self.graph.scope("inner");
            (first, self.graph.try_record(Op::Add, NO_IMM, &ids))
        };
        let path = [name, "inner".to_string()];
        for (got, op, keys, scope) in [(first, Op::Neg, &keys[..1], &path[..1]), (second, Op::Add, &keys, &path)] {
            match self.readable(keys) {
                Err(error) => assert_eq!(got, Err(error)),
                Ok(operands) => {
                    let value = self.model.compute(op, 0.0, &operands);
                    self.model.push(got.expect("right keys"), op, 0.0, operands, value, scope.to_vec());
                }
            }
        }
    }

    /// The places of leaves, or the first error.
    fn leaves(&self, keys: &[Key]) -> Result<Vec<usize>, Error> {
        keys.iter()
            .map(|&key| match key {
                Key::Wrong(node) => Err(self.model.refusal(node)),
                Key::Node(k) => match self.model.nodes[k] {
                    Node { op: Op::Leaf, .. } => Ok(k),
                    Node { key: node, op, .. } => Err(Error::NotALeaf { node, label: self.model.label(k), op }),
                },
            })
            .collect()
    }

    fn set(&mut self, x: Key, value: f64) {
        let got = self.graph.try_set(self.id(x), value);
        let want = self.leaves(&[x]);
        assert_eq!(got, want.clone().map(drop));
        if let Ok(leaves) = want {
            self.model.nodes[leaves[0]].value = value;
            self.model.make_stale();
        }
    }

    fn set_all(&mut self, keys: [Key; 2], value: f64) {
        let ids = keys.map(|key| self.id(key));
        let got = self.graph.try_set_all(&ids, &[value, value + 1.0]);
        let want = self.leaves(&keys);
        assert_eq!(got, want.clone().map(drop));
        if let Ok(leaves) = want {
            self.model.nodes[leaves[0]].value = value;
            self.model.nodes[leaves[1]].value = value + 1.0;
            self.model.make_stale();
        }
    }

    fn forwarded(&mut self, got: Result<(), Error>) {
        match (got, self.model.forward()) {
            (Ok(()), Ok(())) => {}
            (Err(Error::GuardFlipped { left, right, recorded, .. }), Err(Refused::Guard(a, b, less))) => {
                assert_eq!((left, right, recorded), (self.model.nodes[a].key, self.model.nodes[b].key, less));
            }
            (Err(Error::External { .. }), Err(Refused::Function)) => {}
            (got, want) => panic!("{got:?} for {want:?}"),
        }
    }

    fn evaluate(&mut self, x: Key, value: f64, y: Key) {
        let (leaf, output) = (self.id(x), self.id(y));
        let mut out = [f64::NAN];
        let got = self.graph.evaluate_into(&[leaf], &[value], &[output], &mut out);
        let want = match y {
            Key::Wrong(node) => Err(self.model.refusal(node)),
            Key::Node(_) => self.leaves(&[x]),
        };
        match want {
            Err(error) => assert_eq!(got, Err(error)),
            Ok(leaves) => {
                self.model.nodes[leaves[0]].value = value;
                self.model.make_stale();
                let went = got.is_ok();
                self.forwarded(got);
                if let (true, Key::Node(y)) = (went, y) {
                    assert!(same(out[0], self.model.nodes[y].value), "{out:?}");
                }
            }
        }
    }

    fn backward(&mut self, seeds: &[(Key, f64)]) {
        let keyed: Vec<(NodeId, f64)> = seeds.iter().map(|&(key, seed)| (self.id(key), seed)).collect();
        let got = match keyed[..] {
            [(l, 1.0)] => self.graph.try_backward(l),
            _ => self.graph.try_backward_seeded(&keyed),
        };
        let keys: Vec<Key> = seeds.iter().map(|&(key, _)| key).collect();
        match self.readable(&keys) {
            Err(error) => assert_eq!(got, Err(error)),
            Ok(places) => {
                let seeds: Vec<(usize, f64)> = places.into_iter().zip(seeds.iter().map(|seed| seed.1)).collect();
                self.swept(&seeds, got);
            }
        }
    }

    /// After a sweep the gradients are those of the model's. Where a function fails, they stay those of the last one.
    fn swept<T: Debug>(&mut self, seeds: &[(usize, f64)], got: Result<T, Error>) -> Option<T> {
        match (got, self.model.sweep(seeds)) {
            (Ok(got), Some(bars)) => {
                self.model.nodes.iter_mut().zip(bars).for_each(|(node, bar)| node.grad = bar);
                Some(got)
            }
            (Err(Error::External { .. }), None) => None,
            (got, want) => panic!("{got:?} for {want:?}"),
        }
    }

    fn gradient(&mut self, l: Key, x: Key) {
        let got = self.graph.try_gradient(self.id(l), &[self.id(x)]);
        match (x, self.readable(&[l])) {
            (Key::Wrong(node), _) => assert_eq!(got, Err(self.model.refusal(node))),
            (_, Err(error)) => assert_eq!(got, Err(error)),
            (Key::Node(x), Ok(places)) => {
                if let Some(got) = self.swept(&[(places[0], 1.0)], got) {
                    assert!(same(got[0], self.model.nodes[x].grad), "{got:?} for {}", self.model.nodes[x].grad);
                }
            }
        }
    }

    /// The tangent of a node where a leaf moves, compared with duals of the model. Both add in orders of their own.
    fn tangents(&mut self, x: Key, l: Key) {
        let (Key::Node(x), Key::Node(l)) = (x, l) else { return };
        if self.model.nodes[x].op != Op::Leaf {
            return;
        }
        let got = self.graph.try_jvp(&[(self.model.nodes[x].key, 1.0)], &[self.model.nodes[l].key]);
        match self.readable(&[Key::Node(l)]) {
            Err(error) => assert_eq!(got, Err(error)),
            Ok(_) => {
                let tangents = self.model.tangents(x);
                // A function that no tangent reaches is not called.
                let (got, Tangent { slope, size }) = match (got, tangents) {
                    (Ok(got), Some(tangents)) => (got[0], tangents[l]),
                    (Ok(_) | Err(Error::External { .. }), None) => return,
                    (got, want) => panic!("{got:?} for {}", want.is_some()),
                };
                let near = (got - slope).abs() <= 1e-13 * size;
                assert!(near || same(got, slope) || !size.is_finite(), "tangent {got:e} for {slope:e}, size {size:e}");
            }
        }
    }

    /// The gradient as graph is the gradient. Its nodes stay, and the model has them too.
    fn gradient_nodes(&mut self, l: Key, x: Key) {
        if self.graph.len() >= MOST / 2 {
            return;
        }
        let (before, mark) = (self.graph.len(), self.graph.mark());
        let guards = self.model.guards.len();
        let got = self.graph.try_gradient_nodes(self.id(l), &[self.id(x)]);
        let want = match (self.readable(&[l]), x) {
            (Ok(places), Key::Node(x)) => Ok((places[0], x)),
            (Err(error), Key::Node(_)) | (Err(error @ (Error::NotInGraph { .. } | Error::Dropped { .. })), _) => {
                Err(error)
            }
            (_, Key::Wrong(node)) => Err(self.model.refusal(node)),
        };
        let (l, x) = match want {
            Ok(places) => places,
            Err(error) => {
                // Of two errors, either may be named.
                assert!(got.is_err(), "{error} expected");
                assert_eq!(self.graph.len(), before);
                return;
            }
        };
        let slope = got.expect("right keys")[0];
        let value = self.graph.value(slope);
        // The nodes call no function that fails, as the sweep may.
        if let Some(expected) = self.model.sweep(&[(l, 1.0)]) {
            self.agree(&self.model, l, x, value, expected[x]);
        }
        if self.graph.len() > MOST {
            // Too many to go on with.
            for index in before..self.graph.len() {
                self.model.dropped.push(self.graph.get(index).expect("recorded").id);
            }
            self.graph.rewind(mark);
            self.model.cut(before, guards);
            return;
        }
        for index in before..self.graph.len() {
            let node = self.graph.get(index).expect("recorded");
            let operands: Vec<usize> = node.operands.iter().map(|x| x.index()).collect();
            let value = match node.op {
                Op::Const => node.value,
                op => self.model.compute(op, node.imm[0], &operands),
            };
            let scope = self.graph.scope_of(node.id);
            self.model.push(node.id, node.op, node.imm[0], operands, value, scope);
        }
        // Those of statements, which are recorded op by op.
        for guard in &self.graph.guards()[guards..] {
            assert_eq!(guard.relation, Relation::Less);
            self.model.guards.push((guard.left.index(), guard.right.index(), guard.recorded));
        }
    }

    /// Whether the derivative of `l` with respect to `x` is the model's: to the bit, except where statements are recorded
    /// op by op.
    fn agree(&self, model: &Model, l: usize, x: usize, got: f64, want: f64) {
        let needed = model.needed(&[l]);
        let is_statement = |node: &Node| node.called.is_some_and(|(called, _)| called.is_statement());
        if !model.nodes.iter().zip(needed).any(|(node, needed)| needed && is_statement(node)) {
            return assert!(same(got, want), "{got} for {want}");
        }
        let size = model.sizes(l).map_or(f64::INFINITY, |sizes| sizes[x]);
        let near = (got - want).abs() <= 1e-13 * size + 1e-300;
        assert!(near || same(got, want) || !size.is_finite(), "{got:e} for {want:e}, size {size:e}");
    }

    /// Goes back to a mark of this graph, or tries one of the other.
    fn rewind(&mut self, byte: u8, other: &Model) {
        let marks = if byte < 224 { &self.model.marks } else { &other.marks };
        if marks.is_empty() {
            return;
        }
        let Marked { mark, nodes, guards, good } = marks[usize::from(byte) % marks.len()];
        let good = good && byte < 224;
        let got = self.graph.try_rewind(mark);
        assert_eq!(got, if good { Ok(()) } else { Err(Error::StaleMark) });
        if good {
            self.model.cut(nodes, guards);
        }
    }

    /// A program of all leaves and one output: its value and, if asked for, one partial. After saving and loading it
    /// gives the model's numbers at other leaves.
    fn program(&mut self, l: Key, byte: u8, shift: f64) {
        let (Key::Node(l), true) = (l, self.model.nodes.iter().all(|node| !node.stale)) else { return };
        let leaves: Vec<usize> = (0..self.model.nodes.len()).filter(|&k| self.model.nodes[k].op == Op::Leaf).collect();
        if leaves.is_empty() {
            return;
        }
        let keys: Vec<NodeId> = leaves.iter().map(|&k| self.model.nodes[k].key).collect();
        let options = if byte & 1 == 0 { Options::new() } else { Options::plain() };
        let output = self.model.nodes[l].key;
        let program = Program::compile(&self.graph, keys.iter().copied(), [output], &options).expect("compiles");
        let program = Program::from_bytes_with(&program.to_bytes(), &[twist()]).expect("its own bytes");
        let guards = self.model.guards.clone();
        let mut copy = Model { nodes: self.model.nodes.clone(), guards, ..Model::default() };
        for (k, &leaf) in leaves.iter().enumerate() {
            copy.nodes[leaf].value += shift * (k as f64 + 1.0) / 8.0;
        }
        let x: Vec<f64> = leaves.iter().map(|&k| copy.nodes[k].value).collect();
        let want = copy.replayed(&self.model, l);
        let mut out = [f64::NAN];
        match (program.eval(&x, &mut out, &mut Workspace::new()), &want) {
            (Ok(()), Ok(())) => assert!(same(out[0], copy.nodes[l].value), "{out:?} for {}", copy.nodes[l].value),
            // Of two reasons, either may be named.
            (Err(wengert_program::Error::GuardFlipped { .. } | wengert_program::Error::External { .. }), Err(_)) => {}
            (got, want) => panic!("{got:?} for {want:?}"),
        }
        let graph = Graph::new();
        let inputs = graph.leaves(&x);
        if want.is_ok() {
            let again = program.record(&graph, &inputs).expect("its own inputs")[0];
            assert!(same(graph.value(again), copy.nodes[l].value));
            match (graph.try_gradient(again, &inputs), copy.sweep(&[(l, 1.0)])) {
                (Ok(got), Some(want)) => {
                    got.iter().zip(&leaves).for_each(|(&got, &leaf)| self.agree(&copy, l, leaf, got, want[leaf]));
                }
                (Err(Error::External { .. }), None) => {}
                (got, want) => panic!("{got:?} for {want:?}"),
            }
        }
    }

    /// What is always refused: wrong numbers of operands and of values, ops that cannot be recorded.
    fn refused(&mut self, x: Key, y: Key) {
        let [x, y] = [x, y].map(|key| self.id(key));
        assert_eq!(self.graph.try_record(Op::Mul, NO_IMM, &[x]), Err(Error::Operands { op: Op::Mul, given: 1 }));
        assert_eq!(self.graph.try_record(Op::Leaf, NO_IMM, &[]), Err(Error::Operands { op: Op::Leaf, given: 0 }));
        let given = [2.0, 0.0];
        assert_eq!(self.graph.try_record(Op::Neg, given, &[x]), Err(Error::Immediates { op: Op::Neg, given }));
        assert!(matches!(self.graph.try_record(Op::Powd, [2.0, 0.5], &[x]), Err(Error::Order { .. })));
        assert!(matches!(self.graph.try_set_all(&[x, y], &[1.0]), Err(Error::Length { .. })));
        let [one, three] = [&[x][..], &[x, y, x]];
        assert!(matches!(Called::Shear.record(&self.graph, one), Err(Error::External { .. })));
        assert!(matches!(Called::Twist.record(&self.graph, three), Err(Error::External { .. })));
        assert!(matches!(self.graph.try_vjp_into(&[(x, 1.0)], &[y], &mut []), Err(Error::Length { .. })));
    }

    /// Compares all that can be seen.
    fn check(&self) {
        let Side { graph, model } = self;
        assert_eq!(graph.len(), model.nodes.len());
        assert_eq!(graph.is_stale(), model.nodes.iter().any(|node| node.stale));
        for (k, node) in model.nodes.iter().enumerate() {
            let key = node.key;
            match (graph.try_value(key), model.fresh(k)) {
                (Ok(got), Ok(())) => assert!(same(got, node.value), "{key}: {got} for {}", node.value),
                (got, want) => assert_eq!(got.map(drop), want),
            }
            let grad = graph.grad(key);
            assert!(same(grad, node.grad), "gradient of {key}: {grad} for {}", node.grad);
            assert_eq!((graph.label_of(key), graph.scope_of(key)), (node.label.clone(), node.scope.clone()), "{key}");
            let seen = graph.node(key);
            assert_eq!((seen.id, seen.op, seen.wants_gradient), (key, node.op, node.wants), "{key}");
            assert!(seen.operands.iter().map(|x| x.index()).eq(node.operands.iter().copied()), "{key}");
            assert_eq!(graph.get(k).map(|node| node.id), Some(key));
        }
        for &node in model.dropped.iter().rev().take(8) {
            assert_eq!(graph.try_value(node), Err(Error::Dropped { node }));
            assert_eq!(graph.try_grad(node), Err(Error::Dropped { node }));
        }
        let guards = graph.guards();
        assert_eq!(guards.len(), model.guards.len());
        for (got, &(a, b, less)) in guards.iter().zip(&model.guards) {
            assert_eq!((got.left, got.right, got.recorded), (model.nodes[a].key, model.nodes[b].key, less));
        }
    }
}
