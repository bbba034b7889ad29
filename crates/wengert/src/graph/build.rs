//! Building by key: one method for each op, from the table.

use alloc::vec::Vec;

use crate::error::{Error, expect, operand_count};
use crate::graph::Graph;
use crate::node::NodeId;
use crate::op::{Arity, Imm, NO_IMM, Op, for_each_op};
use crate::room::Room;
use crate::scalar::{imm, value};
use crate::tape::Cells;
use crate::tape::entry::{Entry, Handle};

/// Appends a node of an op. The arm is selected by the numbers of operands and immediates, as in `operation!` in
/// `number/recording.rs`. Keys become words once, since that takes two calls in debug builds.
macro_rules! build {
    ($graph:ident, $op:expr, $value:path, [$x:ident], []) => {{
        let x = $x.word();
        match $graph.usual(x) {
            Some(tape) => {
                let operand = entry_of(tape, x);
                let value = $value([operand.value], NO_IMM);
                $graph.append(tape, $op, x, 0, operand.wants(), value)
            }
            None => $graph.unary_apart($op, $x, 0.0),
        }
    }};
    ($graph:ident, $op:expr, $value:path, [$x:ident], [$c:ident: real]) => {{
        let x = $x.word();
        if let Some(tape) = $graph.usual(x)
            && let Some(place) = $graph.tape.try_place_constant($c)
        {
            let operand = entry_of(tape, x);
            let value = $value([operand.value], imm(&[$c]));
            $graph.append(tape, $op, x, place, operand.wants(), value)
        } else {
            $graph.unary_apart($op, $x, $c)
        }
    }};
    ($graph:ident, $op:expr, $value:path, [$x:ident, $y:ident], []) => {{
        let (x, y) = ($x.word(), $y.word());
        match $graph.usual_two(x, y) {
            Some(tape) => {
                let operands = (entry_of(tape, x), entry_of(tape, y));
                let value = $value([operands.0.value, operands.1.value], NO_IMM);
                $graph.append(tape, $op, x, y as u32, operands.0.one_wants(operands.1), value)
            }
            None => $graph.binary_apart($op, $x, $y),
        }
    }};
    ($graph:ident, $op:expr, $value:path, [$($x:ident),+], [$($k:ident: $kind:ident),*]) => {
        expect($graph.try_record($op, imm(&[$($k),*]), &[$($x),+]))
    };
}

/// The entry of a key, given as a word, that [`Graph::usual`] accepted.
#[inline(always)]
fn entry_of((cells, _): Cells<'_>, x: u64) -> Entry {
    Entry::from(cells[x as u32 as usize].get())
}

macro_rules! define_builders {
    (
        ops { $($(#[doc = $doc:literal])+ $vis:vis $Op:ident = $name:ident($x:ident $(, $y:ident)* $(; $($k:ident: $kind:ident),+)?) -> $r:ident, $cost:ident $form:ident $symbol:literal, $value:block, $bar:ident => [$($pull:expr),*];)+ }
        folds { $($(#[doc = $fdoc:literal])+ $Fo:ident = $fname:ident($($fx:ident),+) -> $fr:ident, $fform:ident $fsym:literal, least $least:literal, $fval:block, $emit:ident => $partials:block;)+ }
    ) => {
        /// The ops. Each appends a node and computes its value at once, in O(operands), without allocation while
        /// there is room.
        ///
        /// ```
        /// let g = wengert::Graph::new();
        /// let x = g.leaves(&[3.0, 4.0]);
        /// assert_eq!(g.value(g.hypot(x[0], x[1])), 5.0);
        /// assert_eq!(g.value(g.sum(&x)), 7.0);
        /// assert_eq!(g.value(g.dot(&x, &x)), 25.0);
        /// ```
        ///
        /// # Panics
        /// With the text of an [`Error`]: on a key of another graph, on a stale operand, on a wrong number of
        /// operands, and if the graph is full. [`Graph::try_record`] returns the error instead.
        impl Graph {
            $($(#[doc = $doc])+
            #[inline(always)]
            #[track_caller]
            #[allow(dead_code, reason = "helpers are recorded by `try_record`")]
            $vis fn $name(&self, $x: NodeId $(, $y: NodeId)* $($(, $k: f64)+)?) -> NodeId {
                build!(self, Op::$Op, value::$name, [$x $(, $y)*], [$($($k: $kind),+)?])
            })+
            $($(#[doc = $fdoc])+
            #[track_caller]
            pub fn $fname(&self, $($fx: &[NodeId]),+) -> NodeId {
                expect(self.record_lists(Op::$Fo, [$($fx),+]))
            })+
        }
    };
}
for_each_op!(define_builders);

impl Graph {
    /// An input with this value, which wants a gradient.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let [x, y] = [g.leaf(3.0), g.leaf(2.0)];
    /// let z = g.mul(x, g.sin(y));
    /// g.backward(z);
    /// assert_eq!(g.grad(y), 3.0 * g.value(g.cos(y)));
    /// ```
    ///
    /// # Panics
    /// If the graph is full.
    #[inline]
    #[track_caller]
    pub fn leaf(&self, value: f64) -> NodeId {
        self.newest(self.tape.push_leaf(value).0)
    }

    /// As [`Graph::leaf`].
    ///
    /// # Errors
    /// [`Error::Full`], [`Error::OutOfMemory`].
    pub fn try_leaf(&self, value: f64) -> Result<NodeId, Error> {
        self.tape.allow(1)?;
        Ok(self.leaf(value))
    }

    /// Inputs with these values, in order.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let x = g.leaves(&[1.0, 2.0]);
    /// assert_eq!(g.value(g.add(x[0], x[1])), 3.0);
    /// ```
    ///
    /// # Panics
    /// If the graph is full.
    #[track_caller]
    pub fn leaves(&self, values: &[f64]) -> Vec<NodeId> {
        // Nothing is recorded if not all fit.
        expect(self.tape.allow(values.len()));
        values.iter().map(|&value| self.leaf(value)).collect()
    }

    /// A constant with this value, which wants no gradient. Equal constants may share a node.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let [x, c] = [g.leaf(3.0), g.constant(2.0)];
    /// g.backward(g.mul(x, c));
    /// assert_eq!([g.grad(x), g.grad(c)], [2.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If the graph is full.
    #[inline]
    #[track_caller]
    pub fn constant(&self, value: f64) -> NodeId {
        self.generations.key(self.tape.constant(value).index())
    }

    /// As [`Graph::constant`].
    ///
    /// # Errors
    /// [`Error::Full`], [`Error::OutOfMemory`].
    pub fn try_constant(&self, value: f64) -> Result<NodeId, Error> {
        Ok(self.generations.key(self.tape.try_constant(value)?.index()))
    }

    /// `x` to the integer power `n`. All derivatives are exact, even at 0.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let x = g.leaf(-2.0);
    /// assert_eq!(g.value(g.powi(x, 3)), -8.0);
    /// ```
    ///
    /// # Panics
    /// As the other ops.
    #[track_caller]
    pub fn powi(&self, x: NodeId, n: i32) -> NodeId {
        self.powf(x, f64::from(n))
    }

    /// `x` to the constant power `p`.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let x = g.leaf(4.0);
    /// assert_eq!(g.value(g.powf(x, 1.5)), 8.0);
    /// ```
    ///
    /// # Panics
    /// As the other ops.
    #[track_caller]
    pub fn powf(&self, x: NodeId, p: f64) -> NodeId {
        expect(self.try_record(Op::Powd, [p, 0.0], &[x]))
    }

    /// The `n`-th derivative of `digamma`, which is `digamma` itself for `n = 0`.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let trigamma = g.value(g.polygamma(g.leaf(1.0), 1));
    /// assert!((trigamma - std::f64::consts::PI.powi(2) / 6.0).abs() < 1e-15);
    /// ```
    ///
    /// # Panics
    /// As the other ops, and with [`Error::Order`] if `n` is above [`MAX_ORDER`](crate::MAX_ORDER).
    #[track_caller]
    pub fn polygamma(&self, x: NodeId, n: u32) -> NodeId {
        if n == 0 {
            return self.digamma(x);
        }
        expect(self.try_record(Op::Polygamma, [f64::from(n), 0.0], &[x]))
    }

    /// `min(max(x, low), high)`, as two nodes.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let [x, low, high] = [g.leaf(3.0), g.constant(0.0), g.constant(1.0)];
    /// assert_eq!(g.value(g.clamp(x, low, high)), 1.0);
    /// ```
    ///
    /// # Panics
    /// As the other ops.
    #[track_caller]
    pub fn clamp(&self, x: NodeId, low: NodeId, high: NodeId) -> NodeId {
        // Nothing is recorded if the second node would be refused.
        expect(self.fresh(high));
        expect(self.tape.allow(2));
        self.min(self.max(x, low), high)
    }

    /// Appends a node of any op. The general form of the methods above, which returns errors.
    ///
    /// ```
    /// use wengert::{Error, Graph, NO_IMM, Op};
    ///
    /// let g = Graph::new();
    /// let x = g.leaf(3.0);
    /// let square = g.try_record(Op::Mul, NO_IMM, &[x, x])?;
    /// assert_eq!(g.value(square), 9.0);
    /// let error = g.try_record(Op::Mul, NO_IMM, &[x]).unwrap_err();
    /// assert_eq!(error.to_string(), "mul takes 2 operands, 1 was given");
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::StaleValue`], [`Error::Order`], [`Error::Full`], [`Error::OutOfMemory`], and the
    /// errors of [`Op::check`]. On an error, the graph is unchanged.
    pub fn try_record(&self, op: Op, imm: Imm, operands: &[NodeId]) -> Result<NodeId, Error> {
        op.check(imm, operands.len())?;
        op.check_immediates(imm)?;
        if matches!(op.arity(), Arity::AtLeast(_)) {
            return self.record_lists(op, [operands]);
        }
        match *operands {
            [x] => self.record_fixed(op, imm, [x]),
            [x, y] => self.record_fixed(op, imm, [x, y]),
            [x, y, z] => self.record_fixed(op, imm, [x, y, z]),
            _ => Err(Error::Operands { op, given: operands.len() }),
        }
    }

    /// Appends a node of an op that takes `N` operands and these immediates.
    fn record_fixed<const N: usize>(&self, op: Op, imm: Imm, operands: [NodeId; N]) -> Result<NodeId, Error> {
        self.tape.make_room(op, N)?;
        let (mut handles, mut values) = ([Handle::NONE; N], [0.0; N]);
        for k in 0..N {
            (handles[k], values[k]) = self.operand(operands[k])?;
        }
        Ok(self.newest(self.tape.push_op(op, imm, &handles, value::of(op, imm, &values))))
    }

    /// Appends a node of an n-ary op.
    fn record_lists<const N: usize>(&self, op: Op, lists: [&[NodeId]; N]) -> Result<NodeId, Error> {
        let count = operand_count(op, &lists.map(<[NodeId]>::len))?;
        self.tape.make_room(op, count)?;
        let mut values = self.operands.borrow_mut();
        values.clear();
        values.room(count)?;
        let (mut written, mut wants) = (0, false);
        for list in lists {
            list.iter().try_for_each(|&key| self.fresh(key).map(drop))?;
            let entries = self.tape.view().entries;
            let entry = |key: &NodeId| Entry::from(entries[key.index()].get());
            values.extend(list.iter().map(|key| entry(key).value));
            let handles = list.iter().map(|key| Handle::new(key.position(), entry(key).wants()));
            wants |= self.tape.write_operands(written, handles);
            written += list.len();
        }
        let value = value::of(op, NO_IMM, &values);
        Ok(self.newest(self.tape.push_fold(op, count, wants, value)))
    }

    /// The tape, in the usual case: the key with this word is of the newest generation, no value is stale, and there is
    /// room. Every other case is `None`, as in [`Tape::try_unary`](crate::tape::Tape).
    #[inline(always)]
    fn usual(&self, x: u64) -> Option<Cells<'_>> {
        let (cells, len) = self.tape.cells();
        if self.generations.is_newest(x) && len < cells.len() && (x as u32 as usize) < len {
            return Some((cells, len));
        }
        None
    }

    /// As [`Graph::usual`], for two keys.
    #[inline(always)]
    fn usual_two(&self, x: u64, y: u64) -> Option<Cells<'_>> {
        let (cells, len) = self.tape.cells();
        if self.generations.is_newest(x)
            && self.generations.is_newest(y)
            && len < cells.len()
            && (x as u32 as usize) < len
            && (y as u32 as usize) < len
        {
            return Some((cells, len));
        }
        None
    }

    /// Appends an op to the tape that [`Graph::usual`] returned. `x` is the word of the key of its first operand.
    #[inline(always)]
    fn append(&self, tape: Cells<'_>, op: Op, x: u64, b: u32, wants: bool, value: f64) -> NodeId {
        let wants = !op.stops_gradient() && wants;
        let (cells, len) = tape;
        self.tape.append((&cells[len], len), Entry::stored(op, x as u32, b, wants, value));
        NodeId::of_word(x >> 32 << 32 | len as u64)
    }

    #[cold]
    #[inline(never)]
    #[track_caller]
    fn unary_apart(&self, op: Op, x: NodeId, c: f64) -> NodeId {
        expect(op.check_immediates(imm(&[c])));
        expect(self.record_fixed(op, imm(&[c]), [x]))
    }

    #[cold]
    #[inline(never)]
    #[track_caller]
    fn binary_apart(&self, op: Op, x: NodeId, y: NodeId) -> NodeId {
        expect(self.record_fixed(op, NO_IMM, [x, y]))
    }

    /// The key of the node recorded last.
    #[inline(always)]
    fn newest(&self, node: Handle) -> NodeId {
        self.generations.newest().at(node.index())
    }
}
