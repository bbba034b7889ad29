//! A loop as a function of the user's own: one box in a graph, whatever its number of steps.

use std::sync::{Arc, Mutex, PoisonError};

use wengert::{Expr, External, Scalar};

use crate::error::Error;
use crate::inputs::Inputs;
use crate::scan::{Gradient, Keep, Scan};
use crate::tangent::{Direction, Product};
use crate::workspace::Workspace;

/// The loss of a loop as a function of first state, parameters and the inputs of each step, in this order:
/// [`Scan::function`] makes it once, then it is called any number of times, in any number of graphs.
#[derive(Clone, Debug)]
pub struct LossFunction {
    loss: Arc<dyn External>,
    slopes: Arc<dyn External>,
}

impl LossFunction {
    /// The loss at `x`: a number over `f64`, its tangent too over [`wengert::Dual`], a recorded call over
    /// [`wengert::Expr`].
    ///
    /// # Panics
    /// With the text of [`wengert::Error::External`] where a step fails, and on a wrong number of inputs.
    /// [`wengert::Graph::try_external_nodes`] of [`LossFunction::function`] returns the error.
    #[track_caller]
    pub fn call<T: Scalar>(&self, x: &[T]) -> T {
        T::external(&self.loss, x)[0]
    }

    /// The function itself, for [`wengert::Graph::external_nodes`] and the like.
    pub fn function(&self) -> &Arc<dyn External> {
        &self.loss
    }

    /// The function and the one that its derivatives call, for loading a program that calls them.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use wengert_program::{Options, Program, Workspace};
    /// use wengert_scan::{Keep, Scan};
    ///
    /// let scan = Scan::new(&[1.0], &[2.0], &[], |s, p, _| (vec![p[0] * s[0]], s[0]))?;
    /// let loss = Arc::new(scan).function("growth", 3, Keep::All)?;
    /// let program = Program::value_and_gradient(&[1.0, 2.0], |x| loss.call(x), &Options::new())?;
    /// let loaded = Program::from_bytes_with(&program.to_bytes(), &loss.externals())?;
    /// let mut out = [0.0; 3];
    /// loaded.eval(&[1.0, 2.0], &mut out, &mut Workspace::new())?;
    /// assert_eq!(out, [7.0, 7.0, 5.0]);
    /// # Ok::<(), wengert_scan::Error>(())
    /// ```
    pub fn externals(&self) -> [Arc<dyn External>; 2] {
        [Arc::clone(&self.loss), Arc::clone(&self.slopes)]
    }
}

/// The loss.
struct Loss {
    call: Arc<Call>,
    name: String,
    /// One for all calls, since a program is saved with one function of each name.
    slopes: Arc<dyn External>,
}

/// Its derivatives times a number, which is the last input.
struct Slopes {
    call: Arc<Call>,
    name: String,
}

/// A loop with a fixed number of steps.
struct Call {
    scan: Arc<Scan>,
    steps: usize,
    keep: Keep,
    /// Those that no call is using. There come to be as many as threads that call at the same time.
    workspaces: Mutex<Vec<Workspace>>,
}

impl Scan {
    /// The loss of `steps` steps as a function of first state, parameters and the inputs of each step, in this order. A
    /// graph records it as one call, with derivatives of first and second order; those of first order also as
    /// nodes. `name` stands in messages, pictures and files. Functions of one program need different names.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use wengert::Graph;
    /// use wengert_scan::{Keep, Scan};
    ///
    /// // Ten years of interest at the rate p, of which the logarithm is taken.
    /// let scan = Scan::new(&[1.0], &[0.05], &[], |s, p, _| (vec![s[0] * (1.0 + p[0])], s[0] * p[0]))?;
    /// let interest = Arc::new(scan).function("interest", 10, Keep::All)?;
    /// let g = Graph::new();
    /// let [start, rate] = [g.var(100.0), g.var(0.05)];
    /// let l = interest.call(&[start, rate]).ln();
    /// l.backward();
    /// assert!((l.value() - (100.0 * (1.05_f64.powi(10) - 1.0)).ln()).abs() < 1e-12);
    /// assert!((start.grad() - 0.01).abs() < 1e-12);
    /// # Ok::<(), wengert_scan::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NoSteps`], [`Error::NoSnapshots`], [`Error::TooManySnapshots`].
    pub fn function(self: Arc<Scan>, name: &str, steps: usize, keep: Keep) -> Result<LossFunction, Error> {
        if steps == 0 {
            return Err(Error::NoSteps);
        }
        self.schedule(keep, Some(steps))?;
        let workspaces = Mutex::new(Vec::new());
        let call = Arc::new(Call { scan: self, steps, keep, workspaces });
        let slopes = Slopes { call: Arc::clone(&call), name: format!("slopes of {name}") };
        let slopes: Arc<dyn External> = Arc::new(slopes);
        let loss = Loss { call, name: name.into(), slopes: Arc::clone(&slopes) };
        Ok(LossFunction { loss: Arc::new(loss), slopes })
    }
}

impl Call {
    /// The number of first state, parameters and inputs of all steps.
    fn width(&self) -> usize {
        let widths = self.scan.widths();
        widths.state + widths.params + self.steps * widths.inputs
    }

    /// First state, parameters, inputs.
    fn parts<'a>(&self, x: &'a [f64]) -> [&'a [f64]; 3] {
        let widths = self.scan.widths();
        let (state, rest) = x.split_at(widths.state);
        let (params, inputs) = rest.split_at(widths.params);
        [state, params, inputs]
    }

    fn run<T>(&self, call: impl FnOnce(&mut Workspace) -> Result<T, Error>) -> Result<T, String> {
        let workspaces = || self.workspaces.lock().unwrap_or_else(PoisonError::into_inner);
        let mut workspace = workspaces().pop().unwrap_or_default();
        let result = call(&mut workspace).map_err(|error| error.to_string());
        workspaces().push(workspace);
        result
    }

    fn gradient(&self, x: &[f64]) -> Result<Vec<f64>, String> {
        let [state, params, inputs] = self.parts(x);
        let Gradient { state, params, inputs, .. } = self
            .run(|workspace| self.scan.value_and_gradient(self.steps, state, params, inputs, self.keep, workspace))?;
        Ok([state, params, inputs].concat())
    }

    /// The derivatives, and their own along `v`.
    fn product(&self, x: &[f64], v: &[f64]) -> Result<(Vec<f64>, Vec<f64>), String> {
        let ([state, params, inputs], [ds, dp, dx]) = (self.parts(x), self.parts(v));
        let along = Direction { state: ds, params: dp, inputs: dx };
        let Product { gradient, state, params, inputs, .. } = self.run(|workspace| {
            self.scan.hvp(self.steps, state, params, Inputs::from(inputs), along, self.keep, workspace)
        })?;
        let slopes = [gradient.state, gradient.params, gradient.inputs].concat();
        Ok((slopes, [state, params, inputs].concat()))
    }
}

/// Writes the numbers times a factor.
fn scaled(out: &mut [f64], numbers: &[f64], factor: f64) {
    for (out, number) in out.iter_mut().zip(numbers) {
        *out = factor * number;
    }
}

impl External for Loss {
    fn name(&self) -> &str {
        &self.name
    }

    fn shape(&self) -> (usize, usize) {
        (self.call.width(), 1)
    }

    fn value(&self, x: &[f64], y: &mut [f64]) -> Result<(), String> {
        let Call { scan, steps, .. } = &*self.call;
        let [state, params, inputs] = self.call.parts(x);
        y[0] = self.call.run(|workspace| scan.value(*steps, state, params, inputs, workspace))?.value;
        Ok(())
    }

    fn vjp(&self, x: &[f64], _: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), String> {
        scaled(xbar, &self.call.gradient(x)?, ybar[0]);
        Ok(())
    }

    fn jvp(&self, x: &[f64], _: &[f64], v: &[f64], w: &mut [f64]) -> Result<(), String> {
        let Call { scan, steps, .. } = &*self.call;
        let ([state, params, inputs], [ds, dp, dx]) = (self.call.parts(x), self.call.parts(v));
        let along = Direction { state: ds, params: dp, inputs: dx };
        let inputs = Inputs::from(inputs);
        w[0] = self.call.run(|workspace| scan.jvp(*steps, state, params, inputs, along, workspace))?.tangent;
        Ok(())
    }

    fn hvp(&self, x: &[f64], _: &[f64], ybar: &[f64], v: &[f64], xdot: &mut [f64]) -> Option<Result<(), String>> {
        Some(self.call.product(x, v).map(|(_, product)| scaled(xdot, &product, ybar[0])))
    }

    fn pullback<'g>(&self, x: &[Expr<'g>], _: &[Expr<'g>], ybar: &[Expr<'g>]) -> Option<Vec<Expr<'g>>> {
        Some(Expr::external(&self.slopes, &[x, ybar].concat()))
    }
}

impl External for Slopes {
    fn name(&self) -> &str {
        &self.name
    }

    fn shape(&self) -> (usize, usize) {
        (self.call.width() + 1, self.call.width())
    }

    fn value(&self, x: &[f64], y: &mut [f64]) -> Result<(), String> {
        let (factor, x) = x.split_last().expect("the factor is last");
        scaled(y, &self.call.gradient(x)?, *factor);
        Ok(())
    }

    fn vjp(&self, x: &[f64], _: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), String> {
        let (factor, x) = x.split_last().expect("the factor is last");
        let (slopes, product) = self.call.product(x, ybar)?;
        scaled(xbar, &product, *factor);
        xbar[x.len()] = slopes.iter().zip(ybar).map(|(slope, bar)| slope * bar).sum();
        Ok(())
    }

    fn jvp(&self, x: &[f64], _: &[f64], v: &[f64], w: &mut [f64]) -> Result<(), String> {
        let ((factor, x), (tangent, v)) = (x.split_last().expect("the factor"), v.split_last().expect("its tangent"));
        let (slopes, product) = self.call.product(x, v)?;
        for (w, (slope, product)) in w.iter_mut().zip(slopes.iter().zip(&product)) {
            *w = factor * product + tangent * slope;
        }
        Ok(())
    }
}
