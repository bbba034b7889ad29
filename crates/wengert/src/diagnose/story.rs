//! The reports of [`Graph::explain_nan`](crate::Graph::explain_nan) and [`Graph::audit`](crate::Graph::audit), in words.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::diagnose::audit::{Audit, Concern, Finding};
use crate::diagnose::nan::{AdjointOrigin, NanOrigin, Operand, Site, ValueOrigin};
use crate::graph::display::formula;
use crate::node::NodeId;
use crate::op::{Form, Op};

/// The number of operands, and of nodes of a path, that are shown.
const SHOWN: usize = 8;

fn named(f: &mut fmt::Formatter<'_>, node: NodeId, label: Option<&String>) -> fmt::Result {
    write!(f, "{node}")?;
    label.map_or(Ok(()), |label| write!(f, " {label:?}"))
}

fn path<T>(
    f: &mut fmt::Formatter<'_>,
    path: &[T],
    mut step: impl FnMut(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    for (k, at) in path.iter().enumerate() {
        if path.len() > SHOWN && (SHOWN / 2..path.len() - SHOWN / 2).contains(&k) {
            if k == SHOWN / 2 {
                write!(f, " -> ({} more)", path.len() - SHOWN)?;
            }
            continue;
        }
        if k > 0 {
            f.write_str(" -> ")?;
        }
        step(f, at)?;
    }
    Ok(())
}

/// The node and how it was computed: `n5 "loss" = ln(n3)`.
impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        named(f, self.node, self.label.as_ref())?;
        if self.op.form() == Form::Source {
            return Ok(());
        }
        f.write_str(" = ")?;
        let operands: Vec<NodeId> = self.operands.iter().map(|x| x.node).collect();
        formula(f, (self.op, self.imm, self.external.as_ref()), &operands, SHOWN)
    }
}

impl Site {
    /// The formula with values in place of the operands, `inf - inf`, and which operands they are. Of more than two, an
    /// infinity of each sign if there are both.
    fn terms(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let infinity = |sign: f64| self.operands.iter().find(|x| x.value == sign * f64::INFINITY);
        let terms: Vec<&Operand> = match (self.operands.len() > 2, infinity(1.0), infinity(-1.0)) {
            (true, Some(up), Some(down)) => [up, down].into(),
            _ => self.operands.iter().take(SHOWN).collect(),
        };
        let values: Vec<f64> = self.operands.iter().map(|x| x.value).collect();
        formula(f, (self.op, self.imm, self.external.as_ref()), &values, SHOWN)?;
        for (k, x) in terms.into_iter().enumerate() {
            f.write_str(if k == 0 { ", where " } else { ", " })?;
            named(f, x.node, x.label.as_ref())?;
            write!(f, " = {}", x.value)?;
        }
        Ok(())
    }

    /// The scope and the operands, one per line; operands that are not finite first.
    fn surroundings(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.scope.is_empty() {
            write!(f, "\n  in {}", self.scope.join("/"))?;
        }
        let those = |finite: bool| self.operands.iter().filter(move |x| x.value.is_finite() == finite);
        for x in those(false).chain(those(true)).take(SHOWN) {
            f.write_str("\n  ")?;
            named(f, x.node, x.label.as_ref())?;
            write!(f, " = {}", x.value)?;
        }
        match self.operands.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "\n  and {more} more operands"),
        }
    }
}

impl fmt::Display for ValueOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {}", self.site, self.site.value)?;
        match self.site.op {
            Op::Leaf => f.write_str(", as it was set")?,
            Op::Const => f.write_str(", a constant")?,
            _ => f.write_str(", the first value that is not finite")?,
        }
        self.site.surroundings(f)?;
        if self.path.len() > 1 {
            f.write_str("\n  and spreads: ")?;
            path(f, &self.path, |f, (node, value)| write!(f, "{node} = {value}"))?;
        }
        if let Some(nan) = &self.nan {
            write!(f, "\n  and becomes NaN: {nan} is ")?;
            nan.terms(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for AdjointOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "in the reverse sweep, {} ", self.site)?;
        match self.sent {
            Some((k, part)) => {
                let operand = &self.site.operands[k];
                f.write_str("sends ")?;
                named(f, operand.node, operand.label.as_ref())?;
                write!(f, " the derivative {part}; its own derivative is {}", self.adjoint)?;
            }
            None => write!(f, "has the derivative {}, a sum that overflows", self.adjoint)?,
        }
        self.site.surroundings(f)?;
        write!(f, "\n  so the derivative of the leaf {} is not finite", self.leaf)?;
        if self.path.len() > 1 {
            f.write_str("\n  path to the output: ")?;
            path(f, &self.path, |f, node| write!(f, "{node}"))?;
        }
        Ok(())
    }
}

impl fmt::Display for NanOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(value) = &self.value {
            write!(f, "{value}")?;
        }
        if let Some(adjoint) = &self.adjoint {
            if self.value.is_some() {
                f.write_str("\n")?;
            }
            write!(f, "{adjoint}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Concern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Concern::ZeroTimesInfinity => "0 times infinity was taken as 0",
            Concern::InfinityMinusInfinity => "infinities of both signs were added",
            Concern::EqualComparison => "a comparison of equal values chose the branch",
            Concern::Detached => "no derivative passes",
            Concern::Jump => "derivatives see nothing of a jump",
            Concern::Kink => "second derivatives see nothing of a kink",
        })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.concern, self.site)?;
        if matches!(self.concern, Concern::Jump | Concern::Kink) {
            write!(f, ", {} away", self.distance)?;
        }
        if !self.site.scope.is_empty() {
            write!(f, ", in {}", self.site.scope.join("/"))?;
        }
        for (k, origin) in self.origins.iter().enumerate() {
            write!(f, "{}{origin}", if k == 0 { "; infinite first at " } else { " and at " })?;
        }
        Ok(())
    }
}

impl fmt::Display for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.findings.is_empty() {
            writeln!(f, "nothing found on the paths to {}", self.output)?;
        }
        for alike in self.findings.chunk_by(|a, b| a.concern == b.concern) {
            for finding in alike.iter().take(SHOWN) {
                writeln!(f, "{finding}")?;
            }
            if alike.len() > SHOWN {
                writeln!(f, "  and {} more of this kind", alike.len() - SHOWN)?;
            }
        }
        f.write_str("values read by `.value()` leave no trace, so what depends on them is not listed")
    }
}
