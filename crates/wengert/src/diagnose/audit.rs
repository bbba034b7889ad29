//! Where the derivatives of an output deserve a second look.

use alloc::vec::Vec;

use crate::diagnose::nan::Site;
use crate::error::{Error, expect};
use crate::float;
use crate::graph::Graph;
use crate::node::NodeId;
use crate::op::Op;
use crate::room::{Grow, Room, collected, filled, with_room, zeroed};
use crate::scalar::{Guarded, Unguarded};
use crate::sweep::plain::{Parts, pullback};

/// Why a derivative may not be what it is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Concern {
    /// The chain rule gave 0 times infinity here, and it was taken as 0. The derivative can be another number:
    /// that of `sqrt(x)^2` at 0 is 1.
    ZeroTimesInfinity,
    /// Infinities of both signs were added up here.
    InfinityMinusInfinity,
    /// A comparison of two equal values, made while recording. The derivative is that of the branch which was taken.
    EqualComparison,
    /// `detach`: no derivative passes, although the value depends on a leaf.
    Detached,
    /// The function jumps. Its derivatives say nothing of how the jump moves.
    Jump,
    /// The first derivative jumps. Higher derivatives say nothing of how the kink moves.
    Kink,
}

/// A place that [`Graph::audit`] found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Finding {
    /// What deserves a look.
    pub concern: Concern,
    /// The node where it is. Of a comparison made while recording, its left operand.
    pub site: Site,
    /// For jumps and kinks, how far a value is from it: `|x|` for `relu(x)`, `|x - y|` for `max(x, y)`. Otherwise 0.
    pub distance: f64,
    /// Of infinities, the nodes that made them, at most one for each of two terms: where a value is infinite although its
    /// operands are finite, or where a finite adjoint first led to an infinite one. Empty where the site itself did.
    pub origins: Vec<Site>,
}

/// Where the derivatives of an output deserve a look: made by [`Graph::audit`]. Display it for a report in words.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Audit {
    /// The output asked about.
    pub output: NodeId,
    /// What was found, by concern and then by distance.
    pub findings: Vec<Finding>,
}

impl Graph {
    /// Looks along the paths from `l` to the leaves for places where a derivative may not be what it is taken for:
    /// 0 times infinity, differences of infinities, comparisons of equal values, `detach`, jumps and kinks.
    ///
    /// A path that cannot matter is not followed: the branch that a `select` does not take, the smaller operand of a
    /// `max`, a `relu` where it is flat, a factor of a constant 0. Values read by [`Expr::value`](crate::Expr::value)
    /// leave no trace on the tape, so what depends on them is not found.
    ///
    /// A few passes along the tape: O(nodes up to `l`). Does not change the adjoints of the last sweep.
    ///
    /// ```
    /// use wengert::{Concern, Graph};
    ///
    /// let g = Graph::new();
    /// let x = g.leaf(0.0);
    /// let root = g.sqrt(x);
    /// let l = g.mul(root, root);
    /// assert_eq!(g.gradient(l, &[x]), [0.0]);
    /// let audit = g.audit(l);
    /// assert_eq!(audit.findings[0].concern, Concern::ZeroTimesInfinity);
    /// assert!(audit.to_string().starts_with("0 times infinity was taken as 0: n1 = sqrt(n0)"));
    /// ```
    ///
    /// # Panics
    /// On a wrong key, and where `l` is stale.
    #[track_caller]
    pub fn audit(&self, l: NodeId) -> Audit {
        expect(self.try_audit(l))
    }

    /// As [`Graph::audit`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::StaleValue`], [`Error::External`], [`Error::OutOfMemory`].
    pub fn try_audit(&self, l: NodeId) -> Result<Audit, Error> {
        let mut search = Search::new(self, self.fresh(l)?)?;
        search.walk()?;
        search.comparisons()?;
        let mut found = search.findings;
        found.sort_unstable_by(|a, b| {
            a.concern.cmp(&b.concern).then(a.distance.total_cmp(&b.distance)).then(a.node.cmp(&b.node))
        });
        let mut findings = with_room(found.len())?;
        for Found { concern, distance, node, origins: [one, other] } in found {
            let mut origins = Vec::new();
            for at in [Some(one), (other != one).then_some(other)].into_iter().flatten() {
                if at != NOWHERE && at != node {
                    origins.try_push(self.site(at)?)?;
                }
            }
            findings.push(Finding { concern, site: self.site(node)?, distance, origins });
        }
        Ok(Audit { output: l, findings })
    }
}

/// Stands for no node.
const NOWHERE: u32 = u32::MAX;

/// A finding, by positions.
struct Found {
    concern: Concern,
    distance: f64,
    node: u32,
    origins: [u32; 2],
}

/// The way back from an output along the paths that matter.
struct Search<'a> {
    graph: &'a Graph,
    /// Whether the value depends on a leaf.
    varies: Vec<bool>,
    /// Whether the derivative of the output goes through the node.
    used: Vec<bool>,
    adjoints: Vec<f64>,
    /// For each value that is not finite, the node that made the first on a way to it.
    value_born: Vec<u32>,
    /// The same for each adjoint.
    adjoint_born: Vec<u32>,
    findings: Vec<Found>,
}

impl<'a> Search<'a> {
    fn new(graph: &'a Graph, l: u32) -> Result<Search<'a>, Error> {
        let len = l as usize + 1;
        let mut varies = zeroed::<bool>(len)?;
        let mut value_born = filled(NOWHERE, len)?;
        for position in 0..len {
            let entry = graph.tape.entry(position as u32);
            let (mut any, mut born) = (entry.op() == Op::Leaf, NOWHERE);
            graph.tape.operands(entry, |x| {
                any |= varies[x as usize];
                born = born.min(value_born[x as usize]);
            });
            varies[position] = any;
            if !entry.value.is_finite() {
                value_born[position] = if born == NOWHERE { position as u32 } else { born };
            }
        }
        let mut search = Search {
            graph,
            varies,
            used: zeroed::<bool>(len)?,
            adjoints: zeroed::<f64>(len)?,
            value_born,
            adjoint_born: filled(NOWHERE, len)?,
            findings: Vec::new(),
        };
        search.used[len - 1] = true;
        search.adjoints[len - 1] = 1.0;
        Ok(search)
    }

    fn value(&self, position: u32) -> f64 {
        self.graph.tape.entry(position).value
    }

    fn walk(&mut self) -> Result<(), Error> {
        for node in (0..self.used.len() as u32).rev() {
            if !self.used[node as usize] {
                continue;
            }
            let tape = &self.graph.tape;
            let entry = tape.entry(node);
            let mut operands: Parts = Parts::new();
            operands.room(entry.operands())?;
            tape.operands(entry, |x| operands.push((x, 0.0)));
            for (x, value) in &mut operands {
                *value = self.value(*x);
            }
            if let Some((concern, distance)) = self.concern(entry.op(), &operands, entry.value)?
                && operands.iter().any(|&(x, _)| self.varies[x as usize])
            {
                let infinity = |sign: f64| operands.iter().find(|x| x.1 == sign * f64::INFINITY);
                let mut terms = [infinity(1.0), infinity(-1.0)];
                if entry.op() == Op::Sub {
                    terms = [operands.first(), operands.get(1)];
                }
                let origins = match concern {
                    Concern::InfinityMinusInfinity => {
                        terms.map(|x| x.map_or(NOWHERE, |x| self.value_born[x.0 as usize]))
                    }
                    _ => [NOWHERE; 2],
                };
                self.findings.try_push(Found { concern, distance, node, origins })?;
            }
            for k in 0..operands.len() {
                let x = operands[k].0 as usize;
                self.used[x] |= self.varies[x] && self.matters(entry.op(), &operands, k, entry.value);
            }
            self.send(node)?;
        }
        Ok(())
    }

    /// Sends the adjoint of a node to its operands.
    fn send(&mut self, node: u32) -> Result<(), Error> {
        let tape = &self.graph.tape;
        let bar = self.adjoints[node as usize];
        let guarded = pullback::<Guarded<f64>>(tape, node, bar)?;
        let unguarded = pullback::<Unguarded<f64>>(tape, node, bar)?;
        let hidden = |(&(x, part), &(_, raw)): (&(u32, f64), &(u32, f64))| {
            raw.is_nan() && !part.is_nan() && self.used[x as usize]
        };
        if guarded.iter().zip(&unguarded).any(hidden) {
            let mut value_born = NOWHERE;
            tape.operands(tape.entry(node), |x| {
                if self.value(x).is_infinite() {
                    value_born = value_born.min(self.value_born[x as usize]);
                }
            });
            let origins = [self.adjoint_born[node as usize], value_born];
            self.findings.try_push(Found { concern: Concern::ZeroTimesInfinity, distance: 0.0, node, origins })?;
        }
        let born = if bar.is_finite() { node } else { self.adjoint_born[node as usize] };
        for (x, part) in guarded {
            let (adjoint, first) = (&mut self.adjoints[x as usize], &mut self.adjoint_born[x as usize]);
            if adjoint.is_infinite() && *adjoint == -part {
                let concern = Concern::InfinityMinusInfinity;
                self.findings.try_push(Found { concern, distance: 0.0, node: x, origins: [*first, born] })?;
            }
            if !part.is_finite() && *first == NOWHERE {
                *first = born;
            }
            *adjoint += part;
        }
        Ok(())
    }

    /// The comparisons of equal values, made while recording.
    fn comparisons(&mut self) -> Result<(), Error> {
        for guard in self.graph.try_guards()? {
            let [left, right] = [guard.left.position(), guard.right.position()];
            let last = self.used.len() as u32;
            if left < last
                && right < last
                && (self.varies[left as usize] || self.varies[right as usize])
                && self.value(left) == self.value(right)
            {
                let concern = Concern::EqualComparison;
                self.findings.try_push(Found { concern, distance: 0.0, node: left, origins: [NOWHERE; 2] })?;
            }
        }
        Ok(())
    }
}

impl Search<'_> {
    fn op(&self, position: u32) -> Op {
        self.graph.tape.entry(position).op()
    }

    /// Whether the derivative with respect to operand `k` can matter to one that passes through the node of value `r`.
    fn matters(&self, op: Op, operands: &[(u32, f64)], k: usize, r: f64) -> bool {
        let (position, x) = operands[k];
        let fixed_zero = |&(y, value): &(u32, f64)| {
            value == 0.0 && (!self.graph.tape.entry(y).wants() || is_piecewise_constant(self.op(y)))
        };
        match op {
            // The condition is followed to see how far a comparison is from changing.
            Op::Select if k == 0 => is_piecewise_constant(self.op(position)),
            Op::Select => (operands[0].1 != 0.0) == (k == 1),
            Op::Max | Op::MaxOf | Op::Min | Op::MinOf => x == r || x.is_nan(),
            Op::Relu => x >= 0.0 || x.is_nan(),
            Op::Mul | Op::Gmul => !fixed_zero(&operands[1 - k]),
            op => !op.stops_gradient() && !is_piecewise_constant(op),
        }
    }

    /// What deserves a look at a node, and how far away it is.
    fn concern(&self, op: Op, operands: &[(u32, f64)], r: f64) -> Result<Option<(Concern, f64)>, Error> {
        let x = operands.first().map_or(0.0, |x| x.1);
        let y = operands.get(1).map_or(0.0, |y| y.1);
        let from_whole = |x: f64| (x - float::round(x)).abs();
        let infinite = |sign: f64| operands.iter().any(|x| x.1 == sign * f64::INFINITY);
        Ok(Some(match op {
            Op::Add | Op::Sum | Op::Mean if infinite(1.0) && infinite(-1.0) => (Concern::InfinityMinusInfinity, 0.0),
            Op::Sub if x.is_infinite() && x == y => (Concern::InfinityMinusInfinity, 0.0),
            Op::Detach => (Concern::Detached, 0.0),
            Op::Abs | Op::Relu => (Concern::Kink, x.abs()),
            Op::Max | Op::Min => (Concern::Kink, (x - y).abs()),
            Op::MaxOf | Op::MinOf => {
                let mut gaps = collected(operands.iter().map(|&(_, x)| (x - r).abs()))?;
                if let Some(least) = (0..gaps.len()).min_by(|&a, &b| gaps[a].total_cmp(&gaps[b])) {
                    gaps.swap_remove(least);
                }
                match gaps.into_iter().min_by(f64::total_cmp) {
                    Some(gap) => (Concern::Kink, gap),
                    None => return Ok(None),
                }
            }
            Op::Hypot | Op::Norm => (Concern::Kink, r),
            Op::Step | Op::Sign => (Concern::Jump, x.abs()),
            Op::Select if !is_piecewise_constant(self.op(operands[0].0)) => (Concern::Jump, x.abs()),
            Op::Copysign => (Concern::Jump, y.abs()),
            Op::Atan2 if y < 0.0 => (Concern::Jump, x.abs()),
            Op::Floor | Op::Ceil => (Concern::Jump, from_whole(x)),
            // Nothing happens at 0.
            Op::Trunc | Op::Fract => (Concern::Jump, if x.abs() < 0.5 { 1.0 - x.abs() } else { from_whole(x) }),
            Op::Round => (Concern::Jump, from_whole(x - 0.5)),
            Op::Rem => (Concern::Jump, r.abs().min(y.abs() - r.abs())),
            Op::Lt | Op::Le | Op::Gt | Op::Ge | Op::Eq | Op::Ne => (Concern::Jump, (x - y).abs()),
            _ => return Ok(None),
        }))
    }
}

/// Whether the value is constant but for jumps.
fn is_piecewise_constant(op: Op) -> bool {
    matches!(
        op,
        Op::Step
            | Op::Sign
            | Op::Floor
            | Op::Ceil
            | Op::Round
            | Op::Trunc
            | Op::Lt
            | Op::Le
            | Op::Gt
            | Op::Ge
            | Op::Eq
            | Op::Ne
    )
}
