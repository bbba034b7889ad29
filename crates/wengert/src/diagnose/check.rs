//! Checking a gradient against differences of values. Read `explain.rs` next, for where a NaN
//! comes from.
//!
//! A central difference with a step of the cube root of the rounding unit, times the leaf's scale,
//! is right to some ten digits where the function is smooth and the scale well guessed. Where it
//! and the gradient disagree the step is made smaller, eight times at once, until the differences
//! settle, drown in rounding, or show a kink: two slopes that stay apart.

use std::fmt;

use crate::derivative::closures::Recording;
use crate::error::{Error, expect};
use crate::graph::Graph;
use crate::node::NodeId;
use crate::number::expr::Expr;

/// A relative error up to this is put down to the difference, not to the gradient.
const TOLERANCE: f64 = 1e-6;

/// How many steps are tried, each an eighth of the last.
const STEPS: usize = 14;

/// What came of checking one component of a gradient.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Verdict {
    /// The gradient and the differences agree.
    Agrees,
    /// They do not.
    Differs,
    /// The function has a kink or a jump there (a `max` at a tie, an `abs` at 0), so there is no
    /// derivative to compare with; the gradient lies between the slopes of the two sides.
    Kink,
    /// Every step to one side flips a comparison made while recording, so that the values there
    /// are not of this graph; the error tells which.
    Branch(Error),
    /// The function is not finite on both sides, however near: the end of its domain.
    NotFinite,
}

/// One component of a gradient, by the sweep and by differences.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Component {
    /// Which of the leaves asked about, from 0.
    pub index: usize,
    /// The leaf.
    pub leaf: NodeId,
    /// Its label, if it has one.
    pub label: Option<String>,
    /// The derivative that the sweep gives.
    pub analytic: f64,
    /// The derivative that the differences give; NaN where there are none.
    pub numeric: f64,
    /// By how much the two differ, beyond what the differences themselves are unsure of, relative
    /// to the larger; NaN where one of them is.
    pub relative_error: f64,
    /// What came of it.
    pub verdict: Verdict,
}

/// A gradient, checked: made by [`Graph::check_gradient`].
#[derive(Clone, Debug, PartialEq)]
pub struct GradientCheck {
    output: NodeId,
    components: Vec<Component>,
}

impl GradientCheck {
    /// Whether something was compared and nothing differs. Components that could not be compared
    /// ([`Verdict::Kink`], [`Verdict::Branch`], [`Verdict::NotFinite`]) do not count against it as long as
    /// others agree: see [`GradientCheck::unsure`]. Where none could be compared, or there are none,
    /// nothing was checked, and it does not pass.
    pub fn passes(&self) -> bool {
        self.compared() > 0 && self.components.iter().all(|c| c.verdict != Verdict::Differs)
    }

    /// How many components could be compared.
    pub fn compared(&self) -> usize {
        self.components.len() - self.unsure().count()
    }

    /// The components, in the order of the leaves.
    pub fn components(&self) -> &[Component] {
        &self.components
    }

    /// The component that is furthest off, of those that could be compared; one that differs
    /// before any that agrees.
    pub fn worst(&self) -> Option<&Component> {
        let compared = self
            .components
            .iter()
            .filter(|c| matches!(c.verdict, Verdict::Agrees | Verdict::Differs));
        // NaN is worse than any number.
        let badness = |c: &Component| {
            if c.relative_error.is_nan() {
                f64::INFINITY
            } else {
                c.relative_error
            }
        };
        compared.max_by(|a, b| {
            let differs = |c: &Component| c.verdict == Verdict::Differs;
            differs(a).cmp(&differs(b)).then(badness(a).total_cmp(&badness(b)))
        })
    }

    /// The components that could not be compared.
    pub fn unsure(&self) -> impl Iterator<Item = &Component> {
        self.components
            .iter()
            .filter(|c| !matches!(c.verdict, Verdict::Agrees | Verdict::Differs))
    }
}

impl Graph {
    /// Checks the gradient of `l` in the leaves `wrt` against differences of values. Afterwards
    /// every leaf has the value it had, and the gradient of `l` stands as [`Graph::backward`]
    /// leaves it.
    ///
    /// Recomputes the graph twice for every leaf, four times where its two sides are far apart, and up to
    /// 30 times where the first step does not agree: O(leaves * nodes). Meant for tests.
    ///
    /// ```
    /// let mut g = wengert::Graph::new();
    /// let x = g.leaves(&[0.5, 2.0]);
    /// let l = g.mul(g.sin(x[0]), g.ln(x[1]));
    /// let check = g.check_gradient(l, &x)?;
    /// assert!(check.passes(), "{check}");
    /// # Ok::<(), wengert::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::StaleValue`], and [`Error::NotALeaf`] for a node of `wrt`
    /// that is none; nothing was changed.
    pub fn check_gradient(&mut self, l: NodeId, wrt: &[NodeId]) -> Result<GradientCheck, Error> {
        for &leaf in wrt {
            self.leaf_position(leaf)?;
        }
        let gradient = self.try_vjp(&[(l, 1.0)], wrt)?;
        let middle = self.value(l);
        let mut components = Vec::with_capacity(wrt.len());
        for (index, (&leaf, &analytic)) in wrt.iter().zip(&gradient).enumerate() {
            let x = self.value(leaf);
            let (numeric, unsure, verdict) = Probe {
                l,
                leaf,
                x,
                middle,
                analytic,
            }
            .run(self);
            // Nothing but this leaf was set, so the guards hold again.
            self.set(leaf, x);
            expect(self.forward());
            let off = ((analytic - numeric).abs() - unsure).max(0.0);
            let relative_error = match (analytic - numeric).is_nan() {
                _ if analytic == numeric => 0.0,
                true => f64::NAN,
                false => off / analytic.abs().max(numeric.abs()),
            };
            let label = self.label_of(leaf);
            components.push(Component {
                index,
                leaf,
                label,
                analytic,
                numeric,
                relative_error,
                verdict,
            });
        }
        Ok(GradientCheck { output: l, components })
    }
}

/// Checks the gradient of `f` at `x` against differences of values: [`Graph::check_gradient`] of
/// a recording. A branch of `f` that a step would take otherwise is reported, not taken.
///
/// # Panics
/// As [`Graph`]'s builders.
#[track_caller]
pub fn check_gradient(f: impl for<'g> Fn(&[Expr<'g>]) -> Expr<'g>, x: &[f64]) -> GradientCheck {
    let mut recording = Recording::of(x, |x| vec![f(x)]);
    expect(recording.graph.check_gradient(recording.outputs[0], &recording.inputs))
}

/// One component being checked.
struct Probe {
    l: NodeId,
    leaf: NodeId,
    x: f64,
    /// The output at `x`.
    middle: f64,
    analytic: f64,
}

/// What one step shows.
#[derive(Clone, Copy)]
struct Slopes {
    central: f64,
    left: f64,
    right: f64,
    /// How much of them rounding may make.
    noise: f64,
}

impl Slopes {
    /// How far the two sides are apart, beyond rounding.
    fn bend(&self) -> f64 {
        ((self.right - self.left).abs() - 4.0 * self.noise).max(0.0)
    }
}

impl Probe {
    /// The derivative by differences, how unsure it is, and the verdict.
    fn run(&self, graph: &mut Graph) -> (f64, f64, Verdict) {
        let usual = f64::EPSILON.cbrt();
        // A leaf far below 1 may be of that scale, or of scale 1 and near 0: both are tried.
        let narrow = usual * self.x.abs();
        let eighths = |k: usize| 0.125f64.powi(k as i32);
        let mut trouble = None;
        let mut last: Option<Slopes> = None;
        let mut best: Option<(Slopes, f64)> = None;
        let mut kink = None;
        for k in 0..STEPS {
            let mut step = usual * self.x.abs().max(1.0) * eighths(k);
            if k >= STEPS / 2 && narrow > 0.0 && narrow < usual * eighths(STEPS / 2) {
                step = narrow * eighths(k - STEPS / 2);
                if k == STEPS / 2 {
                    last = None;
                }
            }
            let slopes = match self.slopes(graph, step) {
                Ok(Some(slopes)) => slopes,
                Ok(None) => {
                    trouble.get_or_insert(Verdict::NotFinite);
                    continue;
                }
                Err(flipped) => {
                    trouble = Some(Verdict::Branch(flipped));
                    continue;
                }
            };
            let Slopes { central, noise, .. } = slopes;
            if (self.analytic - central).abs() <= self.allowed(central) + noise {
                // The middle of two slopes agrees with the 0 of an `abs` too.
                let verdict = match self.stays_bent(graph, slopes, 0.125 * step) {
                    true => Verdict::Kink,
                    false => Verdict::Agrees,
                };
                return (central, noise, verdict);
            }
            if let Some(before) = last.replace(slopes) {
                let unsure = noise + (central - before.central).abs();
                if best.is_none_or(|(_, least)| unsure < least) {
                    best = Some((slopes, unsure));
                }
                // Of a smooth function the slopes come eight times closer.
                let stays = slopes.bend() > 0.0 && slopes.bend() > 0.5 * before.bend();
                kink = stays.then_some(slopes);
                if noise > (central - before.central).abs() {
                    break;
                }
            }
        }
        if let Some(Slopes {
            left,
            right,
            central,
            noise,
        }) = kink
            && self.analytic >= left.min(right) - noise
            && self.analytic <= left.max(right) + noise
        {
            return (central, 0.0, Verdict::Kink);
        }
        match (best, trouble) {
            (Some((slopes, unsure)), _) => {
                let off = (self.analytic - slopes.central).abs();
                // A NaN is not close to anything.
                let close = off <= self.allowed(slopes.central) + 4.0 * unsure;
                let verdict = if close { Verdict::Agrees } else { Verdict::Differs };
                (slopes.central, unsure, verdict)
            }
            (None, Some(trouble)) => (f64::NAN, 0.0, trouble),
            (None, None) => (f64::NAN, 0.0, Verdict::NotFinite),
        }
    }

    /// Whether the two sides are far apart, and stay so with a smaller step.
    fn stays_bent(&self, graph: &mut Graph, slopes: Slopes, smaller: f64) -> bool {
        let apart = slopes.bend() > 0.01 * slopes.left.abs().max(slopes.right.abs());
        apart && matches!(self.slopes(graph, smaller), Ok(Some(closer)) if closer.bend() > 0.5 * slopes.bend())
    }

    fn allowed(&self, numeric: f64) -> f64 {
        TOLERANCE * self.analytic.abs().max(numeric.abs())
    }

    /// The slopes with a step; none where a value is not finite.
    fn slopes(&self, graph: &mut Graph, step: f64) -> Result<Option<Slopes>, Error> {
        let (above, below) = (self.x + step, self.x - step);
        if above == self.x || below == self.x {
            return Ok(None);
        }
        let (up, down) = (self.at(graph, above)?, self.at(graph, below)?);
        let values = [up, down, self.middle];
        let largest = values.iter().fold(0.0, |most: f64, v| most.max(v.abs()));
        Ok(values.iter().all(|v| v.is_finite()).then(|| Slopes {
            central: (up - down) / (above - below),
            left: (self.middle - down) / (self.x - below),
            right: (up - self.middle) / (above - self.x),
            noise: 8.0 * f64::EPSILON * largest / (above - below),
        }))
    }

    /// The output at a value of the leaf.
    fn at(&self, graph: &mut Graph, x: f64) -> Result<f64, Error> {
        graph.set(self.leaf, x);
        graph.forward()?;
        Ok(graph.value(self.l))
    }
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "component {} ({}", self.index, self.leaf)?;
        if let Some(label) = &self.label {
            write!(f, " {label:?}")?;
        }
        write!(f, "): {} by the sweep, ", self.analytic)?;
        match &self.verdict {
            Verdict::Agrees | Verdict::Differs => {
                write!(
                    f,
                    "{} by differences, relative error {:.1e}",
                    self.numeric, self.relative_error
                )
            }
            Verdict::Kink => write!(f, "a kink there"),
            Verdict::Branch(error) => write!(f, "a branch there: {error}"),
            Verdict::NotFinite => write!(f, "values beside it not finite"),
        }
    }
}

/// The worst component, every one that differs, and those that could not be compared.
impl fmt::Display for GradientCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let differ = self.components.iter().filter(|c| c.verdict == Verdict::Differs);
        let wrong = differ.clone().count();
        let count = self.components.len();
        match (wrong, self.compared()) {
            (0, 0) => write!(
                f,
                "gradient of {}: none of {count} components could be compared, so nothing was checked",
                self.output
            )?,
            (0, compared) => write!(
                f,
                "gradient of {}: {compared} of {count} components compared, all agree",
                self.output
            )?,
            (wrong, compared) => write!(
                f,
                "gradient of {}: {wrong} of {compared} components differ",
                self.output
            )?,
        }
        if wrong == 0
            && let Some(worst) = self.worst()
        {
            write!(f, "\n  worst: {worst}")?;
        }
        for component in differ {
            write!(f, "\n  differs: {component}")?;
        }
        for component in self.unsure() {
            write!(f, "\n  not compared: {component}")?;
        }
        Ok(())
    }
}
