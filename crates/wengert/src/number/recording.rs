//! Recording with expressions. In the usual case, operands are nodes of one graph that has room.

use smallvec::SmallVec;

use crate::error::{Error, expect, operand_count};
use crate::graph::Graph;
use crate::number::expr::Expr;
use crate::op::{Imm, NO_IMM, Op};
use crate::room::Room;
use crate::scalar::value;
use crate::tape::entry::Handle;

impl<'g> Expr<'g> {
    /// The address of the graph, or null if there is none, so that one comparison covers both cases.
    #[inline(always)]
    fn address(self) -> *const Graph {
        self.graph.map_or(core::ptr::null(), core::ptr::from_ref)
    }

    #[inline(always)]
    fn place(self) -> Place<'g> {
        (self.graph, self.handle)
    }

    #[inline(always)]
    fn at((graph, handle): Place<'g>, value: f64) -> Self {
        Expr { graph, handle, value }
    }

    #[inline(always)]
    #[track_caller]
    pub(super) fn unary(self, op: Op, value: f64) -> Self {
        let place = if let Some(graph) = self.graph
            && let Some(handle) = graph.tape.try_unary(op, self.handle, value)
        {
            (self.graph, handle)
        } else {
            unary_apart(op, NO_IMM, self.place(), self.value, value)
        };
        Expr::at(place, value)
    }

    #[inline(always)]
    #[track_caller]
    pub(super) fn binary(self, op: Op, rhs: Self, value: f64) -> Self {
        let place = if self.address() == rhs.address()
            && let Some(graph) = self.graph
            && let Some(handle) = graph.tape.try_binary(op, self.handle, rhs.handle, value)
        {
            (self.graph, handle)
        } else {
            binary_apart(op, self.place(), self.value, rhs.place(), rhs.value, value)
        };
        Expr::at(place, value)
    }

    #[inline(always)]
    #[track_caller]
    pub(super) fn with_constant(self, op: Op, c: f64, value: f64) -> Self {
        let place = if let Some(graph) = self.graph
            && let Some(handle) = graph.tape.try_with_constant(op, self.handle, c, value)
        {
            (self.graph, handle)
        } else {
            unary_apart(op, [c, 0.0], self.place(), self.value, value)
        };
        Expr::at(place, value)
    }

    /// Appends any op. Free constants among its operands become nodes.
    #[inline(never)]
    #[track_caller]
    pub(super) fn record(op: Op, imm: Imm, operands: &[Self], value: f64) -> Self {
        let Some(graph) = common(operands) else {
            return Expr::constant(value);
        };
        // Check first, so that nothing is recorded if not all of it fits.
        let new = operands.iter().filter(|x| x.is_new_to(graph)).count();
        expect(graph.tape.allow(1 + new));
        let handles: SmallVec<[Handle; 3]> = operands.iter().map(|x| x.handle_in(graph)).collect();
        let handle = graph.tape.push_op(op, imm, &handles, value);
        Expr { graph: Some(graph), handle, value }
    }

    /// Appends an n-ary op, its operands given as lists of equal length.
    #[track_caller]
    pub(super) fn fold<const N: usize>(op: Op, lists: [&[Self]; N]) -> Self {
        let count = expect(operand_count(op, &lists.map(<[Self]>::len)));
        let mut graph: Option<&'g Graph> = None;
        for list in lists {
            match (graph, common(list)) {
                (Some(one), Some(other)) if !core::ptr::eq(one, other) => Error::MixedGraphs.panic(),
                (None, found) => graph = found,
                _ => {}
            }
        }
        let Some(graph) = graph else {
            let values: SmallVec<[f64; 8]> = lists.iter().copied().flatten().map(|x| x.value).collect();
            return Expr::constant(value::of(op, NO_IMM, &values));
        };
        // Check first, so that nothing is recorded if not all of it fits.
        let new = lists.iter().copied().flatten().filter(|x| x.is_new_to(graph)).count();
        expect(graph.tape.allow(1 + new));
        expect(graph.tape.make_room(op, count));
        let mut values = graph.operands.borrow_mut();
        values.clear();
        expect(values.room(count).map_err(Error::from));
        let (mut written, mut wants) = (0, false);
        for list in lists {
            values.extend(list.iter().map(|x| x.value));
            wants |= graph.tape.write_operands(written, list.iter().map(|x| x.handle_in(graph)));
            written += list.len();
        }
        let value = value::of(op, NO_IMM, &values);
        Expr { graph: Some(graph), handle: graph.tape.push_fold(op, count, wants, value), value }
    }

    /// Whether it is a free constant that needs a new node.
    fn is_new_to(&self, graph: &Graph) -> bool {
        self.graph.is_none() && graph.tape.known_constant(self.value).is_none()
    }

    /// The handle of the node. A free constant becomes a node first.
    #[inline(always)]
    #[track_caller]
    pub(super) fn handle_in(&self, graph: &Graph) -> Handle {
        match self.graph {
            Some(_) => self.handle,
            None => graph.tape.constant(self.value),
        }
    }
}

/// The graph and handle of an expression: two registers.
type Place<'g> = (Option<&'g Graph>, Handle);

/// Recording in the uncommon cases, for example: an operand belongs to no graph or wants no gradient, or the tape has
/// no room left. All arguments and results are passed in registers, since taking an address here would force the common
/// case to keep its values in memory.
#[cold]
#[inline(never)]
#[track_caller]
fn unary_apart<'g>(op: Op, imm: Imm, place: Place<'g>, x: f64, value: f64) -> Place<'g> {
    Expr::record(op, imm, &[Expr::at(place, x)], value).place()
}

/// As [`unary_apart`].
#[cold]
#[inline(never)]
#[track_caller]
fn binary_apart<'g>(op: Op, x_place: Place<'g>, x: f64, y_place: Place<'g>, y: f64, value: f64) -> Place<'g> {
    // A free constant becomes an immediate of the op, as a plain number does.
    if let Some((op, c)) = with_constant(op, (x_place, x), (y_place, y)) {
        let (place, x) = if x_place.0.is_some() { (x_place, x) } else { (y_place, y) };
        if let Some(graph) = place.0
            && let Some(handle) = graph.tape.try_with_constant(op, place.1, c, value)
        {
            return (place.0, handle);
        }
        return unary_apart(op, [c, 0.0], place, x, value);
    }
    Expr::record(op, NO_IMM, &[Expr::at(x_place, x), Expr::at(y_place, y)], value).place()
}

/// If just one operand is a free constant: the op that takes it as an immediate instead, and that immediate.
#[inline(always)]
fn with_constant<'g>(op: Op, x: (Place<'g>, f64), y: (Place<'g>, f64)) -> Option<(Op, f64)> {
    let (before, after) = match op {
        Op::Add => (Op::AddC, Op::AddC),
        Op::Sub => (Op::CSub, Op::SubC),
        Op::Mul => (Op::MulC, Op::MulC),
        Op::Div => (Op::CDiv, Op::DivC),
        _ => return None,
    };
    match (x.0.0, y.0.0) {
        (None, Some(_)) => Some((before, x.1)),
        (Some(_), None) => Some((after, y.1)),
        _ => None,
    }
}

/// The graph of the expressions; `None` if all are free constants.
#[inline]
#[track_caller]
pub(super) fn common<'g>(operands: &[Expr<'g>]) -> Option<&'g Graph> {
    let mut graphs = operands.iter().filter_map(|x| x.graph);
    let first = graphs.next()?;
    if graphs.any(|other| !core::ptr::eq(first, other)) {
        Error::MixedGraphs.panic();
    }
    Some(first)
}

/// Appends an op. The numbers of its operands and immediates select the arm. A macro, since operands in an array would
/// go through memory.
macro_rules! operation {
    ($op:expr, $value:expr, [$x:expr], []) => {
        $x.unary($op, $value)
    };
    ($op:expr, $value:expr, [$x:expr, $y:expr], []) => {
        $x.binary($op, $y, $value)
    };
    ($op:expr, $value:expr, [$x:expr], [$c:ident: real]) => {
        $x.with_constant($op, $c, $value)
    };
    ($op:expr, $value:expr, [$($x:expr),+], [$($k:ident: $kind:ident),*]) => {{
        let imm = $crate::scalar::imm(&[$($k),*]);
        expect($op.check_immediates(imm));
        Expr::record($op, imm, &[$($x),+], $value)
    }};
}
pub(super) use operation;
