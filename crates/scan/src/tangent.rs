//! Derivatives along a direction: of the loss, and of its gradient.

use crate::ends::Ends;
use crate::error::{Error, same_length};
use crate::inputs::{Inputs, Steps};
use crate::run::Run;
use crate::scan::{Gradient, Keep, Scan};
use crate::workspace::{Memory, Workspace};

/// A direction: tangents of the first state, of the parameters, and of the inputs of all steps. An empty list means
/// zeros.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Direction<'a> {
    /// Of the first state.
    pub state: &'a [f64],
    /// Of the parameters.
    pub params: &'a [f64],
    /// Of the inputs, step after step, to the end of the loop. Where a condition ends it, they may go on, as inputs may.
    pub inputs: &'a [f64],
}

/// A loss and its derivative along a direction.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Tangent {
    /// The loss.
    pub value: f64,
    /// Its derivative along the direction.
    pub tangent: f64,
    /// The state after the last step.
    pub end: Vec<f64>,
    /// Its derivative along the direction.
    pub end_tangent: Vec<f64>,
    /// The number of steps.
    pub steps: usize,
}

/// The Hessian of a loss times a direction.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Product {
    /// The loss and its gradient.
    pub gradient: Gradient,
    /// The derivative of the loss along the direction.
    pub tangent: f64,
    /// The components of the product that belong to the first state.
    pub state: Vec<f64>,
    /// Those that belong to the parameters.
    pub params: Vec<f64>,
    /// Those that belong to the inputs, step after step. Empty for [`Inputs::frozen`].
    pub inputs: Vec<f64>,
}

impl Scan {
    /// The loss and its derivative along a direction, from one run forward. Keeps no states.
    ///
    /// # Errors
    /// As [`Scan::value_and_gradient`].
    ///
    /// ```
    /// use wengert_scan::{Direction, Scan, Workspace};
    ///
    /// let scan = Scan::new(&[1.0], &[2.0], &[], |s, p, _| (vec![p[0] * s[0]], s[0]))?;
    /// let along = Direction { params: &[1.0], ..Direction::default() };
    /// let tangent = scan.jvp(3, &[1.0], &[2.0], (), along, &mut Workspace::new())?;
    /// assert_eq!((tangent.value, tangent.tangent), (1.0 + 2.0 + 4.0, 1.0 + 2.0 * 2.0));
    /// assert_eq!((tangent.end, tangent.end_tangent), (vec![8.0], vec![12.0]));
    /// # Ok::<(), wengert_scan::Error>(())
    /// ```
    pub fn jvp<'a>(
        &self,
        steps: impl Into<Steps<'a>>,
        state: &[f64],
        params: &[f64],
        inputs: impl Into<Inputs<'a>>,
        direction: Direction<'a>,
        workspace: &mut Workspace,
    ) -> Result<Tangent, Error> {
        // No derivatives with respect to inputs are asked for.
        let inputs = inputs.into().frozen();
        let ends = self.ends_along(steps.into(), inputs, direction)?;
        let [both_state, both_params] = self.followed(state, params, direction)?;
        let Workspace { twice, watch, .. } = workspace;
        let mut run = self.along(ends, &both_state, &both_params, twice)?;
        run.forward(watch)?;
        let (end, end_tangent) = run.end().split_at(state.len());
        let [value, tangent] = *run.losses() else { unreachable!("a loss and its tangent") };
        Ok(Tangent { value, tangent, end: end.to_vec(), end_tangent: end_tangent.to_vec(), steps: run.steps() })
    }

    /// The Hessian of the loss times a direction: the derivative of the gradient along it. It runs the loop as
    /// [`Scan::value_and_gradient`] does, with a tangent beside each number.
    ///
    /// # Errors
    /// As [`Scan::value_and_gradient`].
    ///
    /// ```
    /// use wengert_scan::{Direction, Keep, Scan, Workspace};
    ///
    /// // The last of 3 steps adds the third power of p.
    /// let scan = Scan::new(&[1.0], &[2.0], &[], |s, p, _| (vec![p[0] * s[0]], p[0] * s[0]))?;
    /// let along = Direction { params: &[1.0], ..Direction::default() };
    /// let product = scan.hvp(3, &[1.0], &[2.0], (), along, Keep::Sqrt, &mut Workspace::new())?;
    /// assert_eq!(product.gradient.params, [1.0 + 2.0 * 2.0 + 3.0 * 4.0]);
    /// assert_eq!(product.params, [2.0 + 6.0 * 2.0]);
    /// assert_eq!(product.state, product.gradient.params); // d/dp of d/ds, which is the loss itself at s = 1
    /// # Ok::<(), wengert_scan::Error>(())
    /// ```
    #[allow(clippy::too_many_arguments, reason = "those of a gradient, and a direction")]
    pub fn hvp<'a>(
        &self,
        steps: impl Into<Steps<'a>>,
        state: &[f64],
        params: &[f64],
        inputs: impl Into<Inputs<'a>>,
        direction: Direction<'a>,
        keep: Keep,
        workspace: &mut Workspace,
    ) -> Result<Product, Error> {
        let Workspace { twice, watch, .. } = workspace;
        let ends = self.ends_along(steps.into(), inputs.into(), direction)?;
        let [both_state, both_params] = self.followed(state, params, direction)?;
        let schedule = self.schedule(keep, ends.steps())?;
        let key = self.key(watch, keep, &ends, &[&both_state], &both_params);
        let mut run = self.along(ends, &both_state, &both_params, twice)?;
        run.follow(schedule, watch, &key)?;
        let halves = |list: &[f64], width: usize| {
            let (mut first, mut second) = (Vec::new(), Vec::new());
            for both in list.chunks(2 * width.max(1)) {
                first.extend_from_slice(&both[..width]);
                second.extend_from_slice(&both[width..]);
            }
            (first, second)
        };
        let [value, tangent] = *run.losses() else { unreachable!("a loss and its tangent") };
        let [of_state, of_params, of_inputs] = run.slopes();
        let (slope, state) = halves(of_state, state.len());
        let (params_slope, params) = halves(of_params, params.len());
        let (inputs_slope, inputs) = halves(of_inputs, self.widths().inputs);
        let gradient = Gradient {
            value,
            state: slope,
            params: params_slope,
            inputs: inputs_slope,
            end: run.end()[..self.widths().state].to_vec(),
            steps: run.steps(),
            work: run.work(),
        };
        Ok(Product { gradient, tangent, state, params, inputs })
    }

    fn ends_along<'a>(&self, steps: Steps<'a>, inputs: Inputs<'a>, along: Direction<'a>) -> Result<Ends<'a>, Error> {
        Ends::with_tangents(steps, inputs, self.widths().inputs, Some(along.inputs))
    }

    /// The first state and the parameters, each followed by its tangents.
    fn followed(&self, state: &[f64], params: &[f64], along: Direction<'_>) -> Result<[Vec<f64>; 2], Error> {
        self.check(&[state], params)?;
        let both = |what, numbers: &[f64], tangents: &[f64]| match tangents {
            [] => Ok([numbers, &vec![0.0; numbers.len()]].concat()),
            _ => same_length(what, numbers.len(), tangents.len()).map(|()| [numbers, tangents].concat()),
        };
        let state = both("tangents of the first state (an empty list means zeros)", state, along.state)?;
        Ok([state, both("tangents of parameters (an empty list means zeros)", params, along.params)?])
    }

    /// A run over numbers and their tangents, ready to start.
    fn along<'s, 'a>(
        &'s self,
        ends: Ends<'a>,
        both_state: &[f64],
        both_params: &[f64],
        memory: &'s mut Memory,
    ) -> Result<Run<'s, 'a>, Error> {
        let mut run = Run::new(self.twice()?, self.losses(), ends, memory);
        if self.step().report().guards > 0 {
            run = run.checking(self.step());
        }
        run.start(&[both_state], both_params)?;
        Ok(run)
    }
}
