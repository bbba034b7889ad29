//! Nonlinear programs by [ripopt](https://docs.rs/ripopt/0.8) 0.8, an interior point method in Rust, with exact sparse
//! derivatives of an [`Nlp`].
//!
//! ```
//! use ripopt::SolverOptions;
//! use wengert_ripopt::Problem;
//! use wengert_solve::Nlp;
//!
//! // The point of a circle that is nearest to (2, 1).
//! let nlp = Nlp::new(
//!     |x| ((x[0] - 2.0).powi(2) + (x[1] - 1.0).powi(2), vec![x[0].powi(2) + x[1].powi(2)]),
//!     &[1.0, 1.0],
//! )?;
//! let problem = Problem::new(nlp, &[1.0, 1.0])?.constraints(&[1.0..=1.0])?;
//! let result = problem.solve(&SolverOptions { print_level: 0, ..Default::default() })?;
//! assert!((result.x[0] - 2.0 / 5.0_f64.sqrt()).abs() < 1e-7);
//! # Ok::<(), wengert_ripopt::Error>(())
//! ```
//!
//! ripopt is licensed under the Eclipse Public License 2.0.

use std::cell::RefCell;
use std::ops::RangeInclusive;

use ripopt::{NlpProblem, SolveResult, SolveStatus, SolverOptions};
use wengert_solve::{Nlp, Shape, Triangle};

/// Why there is no problem, or no solution.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Recording, compiling or running failed, or the formula took a branch with a new entry.
    #[error(transparent)]
    Solve(#[from] wengert_solve::Error),
    /// A range has no finite number in it.
    #[error("the range of {what} {index} is {range:?}: give one with a finite number in it")]
    Range {
        /// Of what: "variable" or "constraint".
        what: &'static str,
        /// Which one.
        index: usize,
        /// Its range.
        range: RangeInclusive<f64>,
    },
}

/// An objective to minimize under constraints, with ranges of variables and constraint functions.
///
/// ripopt asks for patterns once. They are those of the branches that the formula takes at the start and where
/// [`Shape::visit`] was called before. Points where a number is not finite are refused, and ripopt takes a smaller step.
#[derive(Debug)]
pub struct Problem {
    nlp: RefCell<Nlp>,
    start: Vec<f64>,
    variables: Vec<RangeInclusive<f64>>,
    constraints: Vec<RangeInclusive<f64>>,
    jacobian: (Vec<usize>, Vec<usize>),
    hessian: (Vec<usize>, Vec<usize>),
    failed: RefCell<Option<wengert_solve::Error>>,
}

impl Problem {
    /// The problem that starts at this point. Until ranges are set, variables are any numbers and constraint functions
    /// are 0.
    ///
    /// # Errors
    /// Those of evaluating there.
    pub fn new(nlp: Nlp, start: &[f64]) -> Result<Problem, Error> {
        let mut nlp = nlp.with_derivatives();
        nlp.visit(start)?;
        let places = |matrix: &[(usize, usize)]| matrix.iter().copied().unzip();
        let jacobian: Vec<_> = nlp.jacobian(start)?.pattern().iter().collect();
        let multipliers = vec![0.0; nlp.constraint_count()];
        let hessian: Vec<_> = nlp.hessian(start, 0.0, &multipliers, Triangle::Lower)?.pattern().iter().collect();
        nlp.fix_patterns();
        Ok(Problem {
            start: start.to_vec(),
            variables: vec![f64::NEG_INFINITY..=f64::INFINITY; nlp.variables()],
            constraints: vec![0.0..=0.0; nlp.constraint_count()],
            jacobian: places(&jacobian),
            hessian: places(&hessian),
            nlp: RefCell::new(nlp),
            failed: RefCell::default(),
        })
    }

    /// Sets the range of each variable. Ends may be infinite.
    ///
    /// # Errors
    /// [`wengert_solve::Error::Length`], [`Error::Range`].
    pub fn variables(mut self, ranges: &[RangeInclusive<f64>]) -> Result<Problem, Error> {
        set("variable", "ranges, one for each variable", &mut self.variables, ranges)?;
        Ok(self)
    }

    /// Sets the range of each constraint function: `c..=c` for an equation.
    ///
    /// ```
    /// use wengert_ripopt::{Error, Problem};
    /// use wengert_solve::Nlp;
    ///
    /// let problem = Problem::new(Nlp::new(|x| (x[0], vec![x[0]]), &[1.0])?, &[1.0])?;
    /// assert!(matches!(problem.constraints(&[2.0..=1.0]), Err(Error::Range { index: 0, .. })));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// [`wengert_solve::Error::Length`], [`Error::Range`].
    pub fn constraints(mut self, ranges: &[RangeInclusive<f64>]) -> Result<Problem, Error> {
        set("constraint", "ranges, one for each constraint", &mut self.constraints, ranges)?;
        Ok(self)
    }

    /// Runs the solver. Its `status` says whether it found a solution.
    ///
    /// # Errors
    /// The first error of evaluating, if the solver did not find a solution in spite of it.
    pub fn solve(&self, options: &SolverOptions) -> Result<SolveResult, Error> {
        self.failed.take();
        let result = ripopt::solve(self, options);
        match self.failed.take() {
            Some(error) if !matches!(result.status, SolveStatus::Optimal | SolveStatus::Acceptable) => {
                Err(error.into())
            }
            _ => Ok(result),
        }
    }

    /// Calls `f` with the program, for its counts, or where a number stopped being finite.
    pub fn with<R>(&self, f: impl FnOnce(&mut Nlp) -> R) -> R {
        f(&mut self.nlp.borrow_mut())
    }

    /// Writes numbers at a point. `false` where they are not finite, or evaluating failed.
    fn write(
        &self,
        output: &mut [f64],
        f: impl for<'n> FnOnce(&'n mut Nlp) -> Result<&'n [f64], wengert_solve::Error>,
    ) -> bool {
        let evaluated = f(&mut self.nlp.borrow_mut()).map(|numbers| output.copy_from_slice(numbers));
        self.succeeded(evaluated) && output.iter().all(|number| number.is_finite())
    }

    /// Whether evaluating succeeded. The first error is kept.
    fn succeeded(&self, evaluated: Result<(), wengert_solve::Error>) -> bool {
        evaluated.map_err(|error| _ = self.failed.borrow_mut().get_or_insert(error)).is_ok()
    }
}

/// Replaces ranges.
fn set(
    what: &'static str,
    lengths: &'static str,
    ranges: &mut [RangeInclusive<f64>],
    given: &[RangeInclusive<f64>],
) -> Result<(), Error> {
    let (expected, given_count) = (ranges.len(), given.len());
    if expected != given_count {
        Err(wengert_solve::Error::Length { what: lengths, expected, given: given_count })?;
    }
    if let Some(index) = given.iter().position(|range| !has_numbers(range)) {
        return Err(Error::Range { what, index, range: given[index].clone() });
    }
    ranges.clone_from_slice(given);
    Ok(())
}

/// Whether a range has a finite number in it.
fn has_numbers(range: &RangeInclusive<f64>) -> bool {
    range.start() <= range.end() && *range.start() < f64::INFINITY && *range.end() > f64::NEG_INFINITY
}

/// Writes the ends of ranges.
fn ends(ranges: &[RangeInclusive<f64>], lower: &mut [f64], upper: &mut [f64]) {
    for ((range, lower), upper) in ranges.iter().zip(lower).zip(upper) {
        (*lower, *upper) = (*range.start(), *range.end());
    }
}

impl NlpProblem for Problem {
    fn num_variables(&self) -> usize {
        self.variables.len()
    }

    fn num_constraints(&self) -> usize {
        self.constraints.len()
    }

    fn bounds(&self, lower: &mut [f64], upper: &mut [f64]) {
        ends(&self.variables, lower, upper);
    }

    fn constraint_bounds(&self, lower: &mut [f64], upper: &mut [f64]) {
        ends(&self.constraints, lower, upper);
    }

    fn initial_point(&self, start: &mut [f64]) {
        start.copy_from_slice(&self.start);
    }

    fn objective(&self, x: &[f64], _: bool, objective: &mut f64) -> bool {
        self.succeeded(self.nlp.borrow_mut().objective(x).map(|value| *objective = value)) && objective.is_finite()
    }

    fn gradient(&self, x: &[f64], _: bool, gradient: &mut [f64]) -> bool {
        self.write(gradient, |nlp| nlp.gradient(x))
    }

    fn constraints(&self, x: &[f64], _: bool, values: &mut [f64]) -> bool {
        self.write(values, |nlp| nlp.constraints(x))
    }

    fn jacobian_structure(&self) -> (Vec<usize>, Vec<usize>) {
        self.jacobian.clone()
    }

    fn jacobian_values(&self, x: &[f64], _: bool, values: &mut [f64]) -> bool {
        self.write(values, |nlp| Ok(nlp.jacobian(x)?.values()))
    }

    fn hessian_structure(&self) -> (Vec<usize>, Vec<usize>) {
        self.hessian.clone()
    }

    fn hessian_values(&self, x: &[f64], _: bool, sigma: f64, multipliers: &[f64], values: &mut [f64]) -> bool {
        self.write(values, |nlp| Ok(nlp.hessian(x, sigma, multipliers, Triangle::Lower)?.values()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quiet() -> SolverOptions {
        SolverOptions { print_level: 0, ..Default::default() }
    }

    #[test]
    fn a_formula_that_branches_is_solved_on_both_sides() {
        // The minimum of each branch is on the side of the other, so the solution is where they meet.
        let nlp = Nlp::new(|x| (if x[0] < 0.0 { (x[0] - 1.0).powi(2) } else { (x[0] + 1.0).exp() }, vec![]), &[2.0]);
        let problem = Problem::new(nlp.unwrap(), &[2.0]).unwrap().variables(&[-3.0..=3.0]).unwrap();
        problem.solve(&quiet()).unwrap();
        assert!(problem.with(|nlp| nlp.branches()) == 2);
    }

    #[test]
    fn a_branch_with_a_new_entry_is_an_error_unless_it_was_visited() {
        for visited in [false, true] {
            let mut nlp = Nlp::new(
                |x| (x[0].powi(2) + x[1].powi(2) + if x[0] > 1.0 { x[0] * 0.0 } else { x[0] * x[1] * 0.5 }, vec![]),
                &[2.0, 1.0],
            )
            .unwrap();
            if visited {
                nlp.visit(&[0.0, 1.0]).unwrap();
            }
            let problem = Problem::new(nlp, &[2.0, 1.0]).unwrap();
            match problem.solve(&quiet()) {
                Ok(result) => assert!(visited && result.x.iter().all(|x| x.abs() < 1e-6), "{:?}", result.x),
                Err(error) => {
                    assert!(
                        !visited && matches!(error, Error::Solve(wengert_solve::Error::NewEntry { row: 1, col: 0 }))
                    );
                }
            }
        }
    }

    #[test]
    fn steps_to_where_the_objective_is_nan_are_made_smaller() {
        let nlp = Nlp::new(|x| (x[0] - x[0].ln() * 1e-3, vec![]), &[5.0]).unwrap();
        let result = Problem::new(nlp, &[5.0]).unwrap().solve(&quiet()).unwrap();
        assert!((result.x[0] - 1e-3).abs() < 1e-8, "{:?}", result.x);
    }

    #[test]
    fn constraints_that_contradict_one_another_are_not_solved() {
        let nlp = Nlp::new(|x| (x[0], vec![x[0].powi(2), x[0].powi(2)]), &[1.0]).unwrap();
        let problem = Problem::new(nlp, &[1.0]).unwrap().constraints(&[4.0..=5.0, 0.0..=1.0]).unwrap();
        let status = problem.solve(&quiet()).unwrap().status;
        assert!(!matches!(status, SolveStatus::Optimal | SolveStatus::Acceptable), "{status:?}");
    }

    #[test]
    fn a_start_outside_the_ranges_and_a_variable_of_one_value_are_fine() {
        let nlp = Nlp::new(|x| ((x[0] - 5.0).powi(2) + (x[1] - x[0]).powi(2), vec![x[0] + x[1]]), &[9.0, 9.0]).unwrap();
        let problem = Problem::new(nlp, &[9.0, 9.0]).unwrap();
        let problem = problem.variables(&[0.0..=2.0, 1.0..=1.0]).unwrap().constraints(&[0.0..=10.0]).unwrap();
        let result = problem.solve(&quiet()).unwrap();
        assert!((result.x[0] - 2.0).abs() < 1e-6 && (result.x[1] - 1.0).abs() < 1e-6, "{:?}", result.x);
    }

    #[test]
    fn derivatives_before_the_objective_cost_one_evaluation_on_another_thread() {
        let nlp = Nlp::new(|x| (x[0] * x[1], vec![x[0] + x[1]]), &[1.0; 2]).unwrap();
        let problem = Problem::new(nlp, &[1.0; 2]).unwrap();
        std::thread::spawn(move || {
            let before = problem.with(|nlp| nlp.evaluations());
            let (x, mut gradient, mut slopes, mut value) = ([3.0, 4.0], [0.0; 2], [0.0; 2], 0.0);
            assert!(problem.gradient(&x, true, &mut gradient) && problem.jacobian_values(&x, false, &mut slopes));
            assert!(problem.objective(&x, false, &mut value));
            assert_eq!((value, gradient, slopes), (12.0, [4.0, 3.0], [1.0, 1.0]));
            assert_eq!(problem.with(|nlp| nlp.evaluations()), before + 1);
        })
        .join()
        .unwrap();
    }

    #[test]
    fn a_problem_without_variables_is_solved() {
        let problem = Problem::new(Nlp::new(|_| (3.0.into(), vec![]), &[]).unwrap(), &[]).unwrap();
        assert_eq!(problem.solve(&quiet()).unwrap().objective, 3.0);
    }

    #[test]
    fn wrong_ranges_are_refused() {
        let problem = || Problem::new(Nlp::new(|x| (x[0], vec![x[0]]), &[1.0]).unwrap(), &[1.0]).unwrap();
        assert!(matches!(problem().variables(&[]), Err(Error::Solve(wengert_solve::Error::Length { given: 0, .. }))));
        for range in [f64::NAN..=1.0, 2.0..=1.0, f64::INFINITY..=f64::INFINITY] {
            assert!(matches!(problem().variables(&[range]), Err(Error::Range { what: "variable", index: 0, .. })));
        }
        assert!(Problem::new(Nlp::new(|x| (x[0], vec![]), &[1.0]).unwrap(), &[1.0, 2.0]).is_err());
    }
}
