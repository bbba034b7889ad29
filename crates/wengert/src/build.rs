//! Building by key: one method an op, made from the table. Read [`crate::expr`] for building with
//! operators.

use smallvec::SmallVec;

use crate::error::{Error, expect};
use crate::graph::{Graph, Inner};
use crate::node::NodeId;
use crate::op::{Imm, NO_IMM, Op, count, for_each_op};
use crate::scalar::{joined, value};
use crate::tape::Handle;

macro_rules! define_builders {
    (
        ops { $($(#[doc = $odoc:literal])+ $Op:ident = $oname:ident($ox:ident $(, $oy:ident)*) -> $or:ident, $ocost:ident $oform:ident $osym:literal, $oval:block, $obar:ident => [$($opull:expr),+];)+ }
        helpers { $($hrows:tt)+ }
        stops { $($(#[doc = $sdoc:literal])+ $St:ident = $sname:ident($sx:ident $(, $sy:ident)*), $sform:ident $ssym:literal, $sval:block;)+ }
        folds { $($(#[doc = $fdoc:literal])+ $Fo:ident = $fname:ident($($fx:ident),+) -> $fr:ident, $fform:ident $fsym:literal, least $least:literal, $fval:block, $emit:ident => $partials:block;)+ }
    ) => {
        /// The ops. Each appends a node and computes its value at once, in O(1) and without
        /// allocating while there is room.
        ///
        /// # Panics
        /// All of them, with the text of an [`Error`]: on a key that is not of this graph, on a
        /// stale operand, on a wrong number of operands, and where the graph is full.
        /// [`Graph::try_record`] returns the error instead.
        impl Graph {
            $($(#[doc = $odoc])+
            #[inline]
            pub fn $oname(&self, $ox: NodeId $(, $oy: NodeId)*) -> NodeId {
                self.build(Op::$Op, [$ox $(, $oy)*], |operands: [f64; count!($ox $($oy)*)]| value::$oname(operands, NO_IMM))
            })+
            $($(#[doc = $sdoc])+
            #[inline]
            pub fn $sname(&self, $sx: NodeId $(, $sy: NodeId)*) -> NodeId {
                self.build(Op::$St, [$sx $(, $sy)*], |operands: [f64; count!($sx $($sy)*)]| value::$sname(operands, NO_IMM))
            })+
            $($(#[doc = $fdoc])+
            pub fn $fname(&self, $($fx: &[NodeId]),+) -> NodeId {
                expect(self.try_record(Op::$Fo, NO_IMM, &joined(Op::$Fo, [$($fx),+])))
            })+
        }
    };
}
for_each_op!(define_builders);

impl Graph {
    /// An input of this value, which wants a gradient.
    ///
    /// # Panics
    /// Where the graph is full.
    #[inline]
    pub fn leaf(&self, value: f64) -> NodeId {
        let inner = &mut *self.inner.borrow_mut();
        let leaf = inner.tape.push_leaf(value);
        inner.key(leaf)
    }

    /// Inputs of these values, in order.
    ///
    /// # Panics
    /// Where the graph is full.
    pub fn leaves(&self, values: &[f64]) -> Vec<NodeId> {
        values.iter().map(|&value| self.leaf(value)).collect()
    }

    /// A constant of this value, which wants no gradient. Equal constants may be one node.
    ///
    /// # Panics
    /// Where the graph is full.
    #[inline]
    pub fn constant(&self, value: f64) -> NodeId {
        let inner = &mut *self.inner.borrow_mut();
        let constant = inner.tape.constant(value);
        inner.key_of(constant.index())
    }

    /// `x` to the whole power `n`; every derivative is exact at 0 too.
    ///
    /// # Panics
    /// As the ops.
    pub fn powi(&self, x: NodeId, n: i32) -> NodeId {
        self.powf(x, f64::from(n))
    }

    /// `x` to the constant power `p`.
    ///
    /// # Panics
    /// As the ops.
    pub fn powf(&self, x: NodeId, p: f64) -> NodeId {
        expect(self.try_record(Op::Powd, [p, 0.0], &[x]))
    }

    /// The `n`-th derivative of `digamma`; `digamma` itself for `n = 0`.
    ///
    /// # Panics
    /// As the ops.
    pub fn polygamma(&self, x: NodeId, n: u32) -> NodeId {
        if n == 0 {
            return self.digamma(x);
        }
        expect(self.try_record(Op::Polygamma, [f64::from(n), 0.0], &[x]))
    }

    /// `min(max(x, low), high)`: two nodes.
    ///
    /// # Panics
    /// As the ops.
    pub fn clamp(&self, x: NodeId, low: NodeId, high: NodeId) -> NodeId {
        self.min(self.max(x, low), high)
    }

    /// Appends a node of any op: the general and fallible form of the builders.
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::StaleValue`], [`Error::Operands`], [`Error::Full`],
    /// [`Error::OutOfMemory`]; the graph is as before.
    pub fn try_record(&self, op: Op, imm: Imm, operands: &[NodeId]) -> Result<NodeId, Error> {
        if matches!(op, Op::Leaf | Op::Const) || !op.takes(operands.len()) {
            return Err(Error::Operands {
                op,
                given: operands.len(),
            });
        }
        let inner = &mut *self.inner.borrow_mut();
        let mut handles: SmallVec<[Handle; 8]> = SmallVec::with_capacity(operands.len());
        let mut values: SmallVec<[f64; 8]> = SmallVec::with_capacity(operands.len());
        for &operand in operands {
            let (handle, value) = inner.operand(operand)?;
            handles.push(handle);
            values.push(value);
        }
        if !inner.tape.has_room() {
            inner.tape.grow()?;
        }
        let node = inner.tape.push_op(op, imm, &handles, value::of(op, imm, &values));
        Ok(inner.key_of(node.index()))
    }

    #[inline(always)]
    fn build<const N: usize>(&self, op: Op, operands: [NodeId; N], value: impl Fn([f64; N]) -> f64) -> NodeId {
        let inner = &mut *self.inner.borrow_mut();
        let mut handles = [Handle::NONE; N];
        let mut values = [0.0; N];
        for k in 0..N {
            (handles[k], values[k]) = expect(inner.operand(operands[k]));
        }
        let value = value(values);
        let node = match handles[..] {
            [x] => inner.tape.push_unary(op, x, value),
            [x, y] => inner.tape.push_binary(op, x, y, value),
            _ => inner.tape.push_op(op, NO_IMM, &handles, value),
        };
        inner.key(node)
    }
}

impl Inner {
    /// The key of the node that was recorded last.
    #[inline(always)]
    fn key(&self, node: Handle) -> NodeId {
        NodeId::new(node.index(), self.generations.current())
    }

    /// The key of a node that may be an older one.
    fn key_of(&self, position: u32) -> NodeId {
        self.generations.key(position)
    }
}
