//! Checking a gradient against finite differences.
//!
//! The step is the cube root of the rounding unit, times the scale of the node. A central difference with this
//! step has about ten correct digits where the function is smooth and the scale is right. If it disagrees
//! with the gradient, smaller steps are tried, each an eighth of the last, until the differences converge, are
//! lost in rounding, or show a kink: left and right slopes that stay apart. Where rounding hides the differences,
//! larger steps are tried too.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use crate::derivative::closures::Recording;
use crate::error::{Error, expect};
use crate::external::{External, checked, recorded};
use crate::float;
use crate::graph::Graph;
use crate::node::NodeId;
use crate::number::expr::Expr;
use crate::op::Op;
use crate::room::zeroed;

/// A relative error up to this is attributed to the finite difference, or to rounding in a function of the user's own.
const TOLERANCE: f64 = 1e-6;

/// The number of steps tried, each an eighth of the last.
const STEPS: usize = 14;

/// The number of larger steps tried where rounding hides the differences, each eight times the last.
const LARGER: i32 = 4;

/// The result for one component of a gradient.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Verdict {
    /// The gradient and the differences agree. An infinite gradient agrees if the differences have its sign and grow with
    /// every smaller step.
    Agrees,
    /// The gradient and the differences disagree.
    Differs,
    /// The function has a kink or a jump there (a `max` at a tie, an `abs` at 0), so it has no derivative to
    /// compare with. The gradient lies between the left and right slopes.
    Kink,
    /// Every step to one side changes the result of a comparison that was recorded, so the graph has no value
    /// there. The error names the comparison.
    Branch(Error),
    /// With every step, the function is not finite on at least one side, as at the end of its domain.
    NotFinite,
    /// With every step, the uncertainty of the differences is as large as the slopes: the output is so much larger than
    /// its changes that rounding hides them. Check a part of the output, or leave out what is constant.
    Hidden,
}

/// One component of a gradient, from the sweep and from differences.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Component {
    /// The index of the node in `wrt`.
    pub index: usize,
    /// The node.
    pub node: NodeId,
    /// Its label, if it has one.
    pub label: Option<String>,
    /// The derivative from the sweep.
    pub analytic: f64,
    /// The derivative from differences; NaN where there are none, infinite where they grow without bound.
    pub numeric: f64,
    /// The difference of the two, less the uncertainty of the finite difference, relative to the larger of the two. NaN
    /// if one of them is NaN.
    pub relative_error: f64,
    /// The result of the comparison.
    pub verdict: Verdict,
}

/// The result of checking a gradient: made by [`Graph::check_gradient`].
///
/// ```
/// // The derivative of `abs` at 0 cannot be compared.
/// let check = wengert::check_gradient(|x| x[0].abs() + x[1].sin(), &[0.0, 1.0]);
/// assert!(check.passes());
/// assert_eq!((check.components().len(), check.compared()), (2, 1));
/// assert_eq!(check.unsure().next().unwrap().index, 0);
/// assert_eq!(check.worst().unwrap().index, 1);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct GradientCheck {
    output: NodeId,
    components: Vec<Component>,
    wrong_pullbacks: Vec<Error>,
}

impl GradientCheck {
    /// Whether at least one component was compared, none differs, and no [pullback is
    /// wrong](GradientCheck::wrong_pullbacks).
    ///
    /// Components that could not be compared ([`Verdict::Kink`], [`Verdict::Branch`], [`Verdict::NotFinite`],
    /// [`Verdict::Hidden`]) are ignored: see [`GradientCheck::unsure`]. If no component could be compared, the check does
    /// not pass.
    ///
    /// ```
    /// assert!(wengert::check_gradient(|x| x[0].sin(), &[1.0]).passes());
    /// ```
    pub fn passes(&self) -> bool {
        self.compared() > 0
            && self.components.iter().all(|c| c.verdict != Verdict::Differs)
            && self.wrong_pullbacks.is_empty()
    }

    /// The calls of functions of the user's own whose [`External::pullback`](crate::External::pullback) does not give the
    /// numbers of their `vjp`: one error for each, which names the function, the call and the input. Only calls that the
    /// gradient goes through are compared. Derivatives as nodes, Taylor series and many Hessians come from the pullback, the
    /// gradient that is checked here from `vjp`.
    ///
    /// ```
    /// let check = wengert::check_gradient(|x| x[0].sin(), &[1.0]);
    /// assert!(check.wrong_pullbacks().is_empty());
    /// ```
    pub fn wrong_pullbacks(&self) -> &[Error] {
        &self.wrong_pullbacks
    }

    /// The number of components that could be compared.
    ///
    /// ```
    /// let check = wengert::check_gradient(|x| x[0].abs() + x[1], &[0.0, 1.0]);
    /// assert_eq!(check.compared(), 1); // `abs` has no derivative at 0
    /// ```
    pub fn compared(&self) -> usize {
        self.components.len() - self.unsure().count()
    }

    /// The components, in the order of `wrt`.
    ///
    /// ```
    /// let check = wengert::check_gradient(|x| x[0].exp(), &[0.0]);
    /// assert_eq!(check.components()[0].analytic, 1.0);
    /// ```
    pub fn components(&self) -> &[Component] {
        &self.components
    }

    /// The compared component with the largest error. One that differs comes before any that agrees.
    ///
    /// ```
    /// let check = wengert::check_gradient(|x| x[0] * x[1], &[2.0, 3.0]);
    /// assert!(check.worst().unwrap().relative_error < 1e-6);
    /// ```
    pub fn worst(&self) -> Option<&Component> {
        let compared = self.components.iter().filter(|c| matches!(c.verdict, Verdict::Agrees | Verdict::Differs));
        // NaN is worse than any number.
        let badness = |c: &Component| {
            if c.relative_error.is_nan() { f64::INFINITY } else { c.relative_error }
        };
        compared.max_by(|a, b| {
            let differs = |c: &Component| c.verdict == Verdict::Differs;
            differs(a).cmp(&differs(b)).then(badness(a).total_cmp(&badness(b)))
        })
    }

    /// The components that could not be compared.
    ///
    /// ```
    /// let check = wengert::check_gradient(|x| x[0].abs() + x[1], &[0.0, 1.0]);
    /// assert_eq!(check.unsure().map(|c| c.index).collect::<Vec<_>>(), [0]);
    /// ```
    pub fn unsure(&self) -> impl Iterator<Item = &Component> {
        self.components.iter().filter(|c| !matches!(c.verdict, Verdict::Agrees | Verdict::Differs))
    }
}

impl Graph {
    /// Checks the gradient of `l` with respect to the nodes `wrt` against finite differences. Afterwards all
    /// leaves have their old values, and [`Graph::grad`] gives the gradient of `l`.
    ///
    /// The derivative with respect to a computed node is that with respect to a variable added to the node. The differences
    /// are taken on a copy of the graph, where this variable is a leaf.
    ///
    /// The pullback of each function of your own is recorded once and compared with its `vjp`
    /// ([`GradientCheck::wrong_pullbacks`]).
    ///
    /// Meant for tests. Costs O(`wrt` * nodes): the graph is recomputed twice for each node of `wrt`, four times where the
    /// left and right slopes are far apart, and up to 40 times where the first step does not agree.
    ///
    /// ```
    /// let mut g = wengert::Graph::new();
    /// let x = g.leaves(&[0.5, 2.0]);
    /// let sine = g.sin(x[0]);
    /// let l = g.mul(sine, g.ln(x[1]));
    /// let check = g.check_gradient(l, &[x[0], x[1], sine])?;
    /// assert!(check.passes(), "{check}");
    /// # Ok::<(), wengert::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::StaleValue`]; [`Error::External`] where a function has no derivative at the present
    /// values; with respect to computed nodes, also [`Error::OutOfMemory`]. Nothing was changed.
    pub fn check_gradient(&mut self, l: NodeId, wrt: &[NodeId]) -> Result<GradientCheck, Error> {
        let mut copy = match self.leaf_positions(wrt.iter().copied())? {
            Some(_) => None,
            None => {
                // A comparison may choose between nodes that are older than its operands.
                let compared = self.guards().into_iter().flat_map(|guard| [guard.left, guard.right]);
                let fresh = compared.filter(|&node| self.fresh(node).is_ok());
                Some(self.opened(&core::iter::once(l).chain(fresh).collect::<Vec<_>>(), wrt)?)
            }
        };
        let wrong_pullbacks = self.wrong_pullbacks(l)?;
        let gradient = self.try_vjp(&[(l, 1.0)], wrt)?;
        let middle = self.value(l);
        let mut components = Vec::with_capacity(wrt.len());
        for (index, (&node, &analytic)) in wrt.iter().zip(&gradient).enumerate() {
            let entry = self.tape.entry(self.position(node)?);
            let x = entry.value;
            let probe = Probe { x, middle, analytic };
            let (numeric, unsure, verdict) = match &mut copy {
                None => {
                    let found = probe.run(&mut |x| {
                        self.set(node, x);
                        or_nan(self.forward().map(|()| self.value(l)))
                    });
                    // Nothing but this leaf was set, so the guards hold again.
                    self.set(node, x);
                    expect(self.forward());
                    found
                }
                Some(copy) => {
                    let input = copy.inputs[index];
                    let rest = copy.graph.value(input);
                    let start = if entry.op() == Op::Leaf { 0.0 } else { x };
                    let found = probe.run(&mut |x| {
                        copy.graph.set(input, x - start);
                        or_nan(copy.graph.forward().and_then(|()| {
                            let value = |at: usize| copy.nodes.get(at).map(|&node| copy.graph.value(node));
                            self.first_flipped(value).map_or(Ok(copy.graph.value(copy.outputs[0])), Err)
                        }))
                    });
                    copy.graph.set(input, rest);
                    expect(copy.graph.forward());
                    found
                }
            };
            let off = ((analytic - numeric).abs() - unsure).max(0.0);
            let relative_error = match (analytic - numeric).is_nan() {
                _ if analytic == numeric => 0.0,
                true => f64::NAN,
                false if off.is_infinite() => f64::INFINITY,
                false => off / analytic.abs().max(numeric.abs()),
            };
            let label = self.label_of(node);
            components.push(Component { index, node, label, analytic, numeric, relative_error, verdict });
        }
        Ok(GradientCheck { output: l, components, wrong_pullbacks })
    }

    /// An error for each call whose pullback differs from its `vjp`, of those that the gradient of `l` goes through.
    fn wrong_pullbacks(&self, l: NodeId) -> Result<Vec<Error>, Error> {
        let (l, view) = (self.fresh(l)?, self.tape.view());
        let mut reached = zeroed::<bool>(l as usize + 1)?;
        reached[l as usize] = true;
        let mut wrong = Vec::new();
        for position in (0..=l).rev() {
            let entry = self.tape.entry(position);
            if !reached[position as usize] || !entry.wants() {
                continue;
            }
            view.operands(entry, |x| reached[x as usize] = true);
            if entry.op() != Op::External {
                continue;
            }
            let call = view.call(entry);
            // All outputs have the inputs as operands. The walk comes to the first of them last.
            let (first, end) = (call.first as usize, (call.first + call.outputs) as usize);
            reached[first] = true;
            let f = self.tape.functions.get(call.function);
            if position == call.first && !f.is_statement() {
                let value = |position: u32| self.tape.entry(position).value;
                let x: Vec<f64> = call.inputs.iter().map(|x| value(x.get())).collect();
                let y: Vec<f64> = (first..end).map(|k| value(k as u32)).collect();
                if let Some(what) = wrong_pullback(&*f, &x, &y)? {
                    let call = self.generations.key(position);
                    wrong.push(checked::failed(&*f, format!("in the call at {call}, {what}")));
                }
            }
        }
        wrong.reverse();
        Ok(wrong)
    }
}

/// What is wrong with the pullback of the function at `x`, where it gives `y`: compared with `vjp` for the adjoints 1,
/// sqrt 2, sqrt 3, ... of the outputs, so that a wrong partial of one is not made up for by that of another.
fn wrong_pullback(f: &dyn External, x: &[f64], y: &[f64]) -> Result<Option<String>, Error> {
    let ybar: Vec<f64> = (1..=y.len()).map(|k| float::sqrt(k as f64)).collect();
    let graph = Graph::new();
    let leaves = |values: &[f64]| graph.exprs(&graph.leaves(values));
    let xbar = match recorded(f, &graph, &leaves(x), &leaves(y), &leaves(&ybar)) {
        Ok(Some(xbar)) => xbar,
        Ok(None) => return Ok(None),
        Err(error) => return Ok(Some(format!("the pullback cannot be recorded: {error}"))),
    };
    let mut expected = vec![0.0; x.len()];
    checked::vjp(f, x, y, &ybar, &mut expected)?;
    let largest = expected.iter().filter(|part| part.is_finite()).fold(0.0f64, |most, part| most.max(part.abs()));
    let agree = |a: f64, b: f64| {
        // Terms that cancel leave their rounding.
        let tolerance = (TOLERANCE * a.abs().max(b.abs())).max(1e-12 * largest);
        a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= tolerance
    };
    let differs = xbar.iter().zip(&expected).position(|(got, &want)| !agree(got.value(), want));
    Ok(differs.map(|k| {
        let (got, want) = (xbar[k].value(), expected[k]);
        format!(
            "pullback sends {got} to input {k}, but vjp sends {want} for the adjoints 1, sqrt 2, sqrt 3, ... of the outputs: mend the one that is wrong"
        )
    }))
}

/// Checks the gradient of `f` at `x` against finite differences: records `f` and calls [`Graph::check_gradient`]. `f`
/// is not called again, so a branch that a step would take differently is reported as [`Verdict::Branch`].
///
/// ```
/// let check = wengert::check_gradient(|x| x[0].exp() * x[1], &[0.5, 2.0]);
/// assert!(check.passes(), "{check}");
/// assert_eq!(check.compared(), 2);
/// ```
///
/// # Panics
/// As the ops of [`Graph`].
#[track_caller]
pub fn check_gradient(f: impl for<'g> Fn(&[Expr<'g>]) -> Expr<'g>, x: &[f64]) -> GradientCheck {
    let mut recording = Recording::of(x, |x| vec![f(x)]);
    expect(recording.graph.check_gradient(recording.outputs[0], &recording.inputs))
}

/// The output as a function of one node; an error where a comparison has another result.
type Output<'a> = dyn FnMut(f64) -> Result<f64, Error> + 'a;

struct Probe {
    /// The value of the node.
    x: f64,
    /// The output at `x`.
    middle: f64,
    analytic: f64,
}

/// The slopes with one step.
#[derive(Clone, Copy)]
struct Slopes {
    central: f64,
    left: f64,
    right: f64,
    /// The error of the slopes that rounding may cause.
    noise: f64,
}

impl Slopes {
    /// The difference of the left and right slopes, beyond rounding.
    fn gap(&self) -> f64 {
        ((self.right - self.left).abs() - 4.0 * self.noise).max(0.0)
    }

    /// Whether an error of this size tells nothing about a slope of `analytic`. Differences that are exactly 0 tell that
    /// a derivative of 0 is right.
    fn hidden_by(&self, error: f64, analytic: f64) -> bool {
        let scale = analytic.abs().max(self.left.abs()).max(self.right.abs());
        error > 0.25 * scale && [analytic, self.left, self.right] != [0.0; 3]
    }
}

/// NaN where a function of the user's own has no value.
fn or_nan(value: Result<f64, Error>) -> Result<f64, Error> {
    match value {
        Err(Error::External { .. }) => Ok(f64::NAN),
        value => value,
    }
}

impl Probe {
    /// The derivative from differences, its uncertainty, and the verdict.
    fn run(&self, output: &mut Output<'_>) -> (f64, f64, Verdict) {
        if self.analytic.is_infinite() {
            return self.steep(output);
        }
        let usual = float::cbrt(f64::EPSILON);
        // A value far below 1 may be of that scale, or of scale 1 and near 0: try both.
        let narrow = usual * self.x.abs();
        let eighths = |k: usize| float::power_of_two(-3 * k as i32);
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
            let slopes = match self.slopes(output, step) {
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
                if slopes.hidden_by(noise, self.analytic) {
                    last = Some(slopes);
                    break;
                }
                // At a kink of `abs` the mean of both slopes is 0, as the gradient is.
                let verdict = match self.has_kink(output, slopes, 0.125 * step) {
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
                // With an eighth of the step, the slopes of a smooth function come eight times closer.
                let stays = slopes.gap() > 0.0 && slopes.gap() > 0.5 * before.gap();
                kink = stays.then_some(slopes);
                if noise > (central - before.central).abs() {
                    break;
                }
            }
        }
        if let Some(Slopes { left, right, central, noise }) = kink
            && self.analytic >= left.min(right) - noise
            && self.analytic <= left.max(right) + noise
        {
            return (central, 0.0, Verdict::Kink);
        }
        let hidden = |slopes: Slopes, unsure: f64| slopes.hidden_by(4.0 * unsure, self.analytic);
        let near = best.or(last.map(|slopes| (slopes, slopes.noise)).filter(|&(slopes, noise)| hidden(slopes, noise)));
        let best = match near {
            Some((slopes, unsure)) if hidden(slopes, unsure) => {
                self.farther(output).filter(|&(_, less)| less < unsure).or(near)
            }
            _ => near,
        };
        match (best, trouble) {
            (Some((slopes, unsure)), _) => {
                let off = (self.analytic - slopes.central).abs();
                // A NaN is not close to anything.
                let close = off <= self.allowed(slopes.central) + 4.0 * unsure;
                let verdict = match close {
                    true if hidden(slopes, unsure) => Verdict::Hidden,
                    true => Verdict::Agrees,
                    false => Verdict::Differs,
                };
                (slopes.central, unsure, verdict)
            }
            (None, Some(trouble)) => (f64::NAN, 0.0, trouble),
            (None, None) => (f64::NAN, 0.0, Verdict::NotFinite),
        }
    }

    /// As [`Probe::run`], where the gradient is infinite: no difference is near it, so it agrees where the differences
    /// have its sign and grow with every smaller step.
    fn steep(&self, output: &mut Output<'_>) -> (f64, f64, Verdict) {
        let mut before: Option<f64> = None;
        for k in 0..STEPS / 2 {
            let step = float::cbrt(f64::EPSILON) * self.x.abs().max(1.0) * float::power_of_two(-3 * k as i32);
            let Slopes { central, noise, .. } = match self.slopes(output, step) {
                Ok(Some(slopes)) => slopes,
                Ok(None) => return (f64::NAN, 0.0, Verdict::NotFinite),
                Err(flipped) => return (f64::NAN, 0.0, Verdict::Branch(flipped)),
            };
            let size = central * self.analytic.signum();
            if size <= before.map_or(0.0, |before| 1.01 * before + 4.0 * noise) {
                return (central, 0.0, Verdict::Differs);
            }
            before = Some(size);
        }
        (self.analytic, 0.0, Verdict::Agrees)
    }

    /// The slopes with a larger step, and their uncertainty: the step where it is least.
    fn farther(&self, output: &mut Output<'_>) -> Option<(Slopes, f64)> {
        let steps =
            (0..=LARGER).map(|k| float::cbrt(f64::EPSILON) * self.x.abs().max(1.0) * float::power_of_two(3 * k));
        let all: Vec<Slopes> = steps.map_while(|step| self.slopes(output, step).ok().flatten()).collect();
        let pairs = all.windows(2).map(|two| (two[1], two[1].noise + (two[1].central - two[0].central).abs()));
        pairs.min_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// Whether the left and right slopes are far apart, and stay so with a smaller step.
    fn has_kink(&self, output: &mut Output<'_>, slopes: Slopes, smaller: f64) -> bool {
        let apart = slopes.gap() > 0.01 * slopes.left.abs().max(slopes.right.abs());
        apart && matches!(self.slopes(output, smaller), Ok(Some(closer)) if closer.gap() > 0.5 * slopes.gap())
    }

    fn allowed(&self, numeric: f64) -> f64 {
        TOLERANCE * self.analytic.abs().max(numeric.abs())
    }

    /// The slopes with a step; `None` where a value is not finite.
    fn slopes(&self, output: &mut Output<'_>, step: f64) -> Result<Option<Slopes>, Error> {
        let (above, below) = (self.x + step, self.x - step);
        if above == self.x || below == self.x {
            return Ok(None);
        }
        let (up, down) = (output(above)?, output(below)?);
        let values = [up, down, self.middle];
        let largest = values.iter().fold(0.0, |most: f64, v| most.max(v.abs()));
        Ok(values.iter().all(|v| v.is_finite()).then(|| Slopes {
            central: (up - down) / (above - below),
            left: (self.middle - down) / (self.x - below),
            right: (up - self.middle) / (above - self.x),
            noise: 8.0 * f64::EPSILON * largest / (above - below),
        }))
    }
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "component {} ({}", self.index, self.node)?;
        if let Some(label) = &self.label {
            write!(f, " {label:?}")?;
        }
        write!(f, "): {} from the sweep, ", self.analytic)?;
        match &self.verdict {
            Verdict::Agrees | Verdict::Differs => {
                write!(f, "{} from differences, relative error {:.1e}", self.numeric, self.relative_error)
            }
            Verdict::Kink => write!(f, "but there is a kink"),
            Verdict::Branch(error) => write!(f, "but a branch changes: {error}"),
            Verdict::NotFinite => write!(f, "but values near it are not finite"),
            Verdict::Hidden => write!(f, "but rounding of the output hides its changes"),
        }
    }
}

/// A summary, then every wrong pullback, every component that differs (or the worst one if none differs), then those
/// that could not be compared.
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
            (0, compared) => {
                write!(f, "gradient of {}: {compared} of {count} components compared, all agree", self.output)?
            }
            (wrong, compared) => write!(f, "gradient of {}: {wrong} of {compared} components differ", self.output)?,
        }
        for error in &self.wrong_pullbacks {
            write!(f, "\n  wrong pullback: {error}")?;
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
