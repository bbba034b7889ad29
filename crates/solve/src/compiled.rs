//! One kind of result of a formula, such as its gradient, compiled for each branch that the formula takes.

use std::fmt;
use std::sync::Arc;

use wengert::{Pattern, Sparse};
use wengert_program::{Options, Program, Validity, Workspace};

use crate::error::Error;
use crate::recorded::{Derive, Recorded};

/// One kind of result: numbers, and the entries of a matrix.
#[derive(Clone)]
pub(crate) struct Compiled {
    derive: Derive,
    /// The branches, those used last first.
    branches: Vec<Branch>,
    /// What the program of a branch gave: the numbers, then its entries.
    given: Vec<f64>,
    /// How many numbers there are before the entries.
    numbers: usize,
    /// How many inputs there are after variables and data.
    further: usize,
    matrix: Sparse,
}

/// A recording of the formula, which holds where its guards do.
#[derive(Clone)]
struct Branch {
    program: Program,
    workspace: Workspace,
    pattern: Pattern,
    /// Where each entry is in the matrix.
    places: Vec<usize>,
}

impl fmt::Debug for Compiled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Compiled { branches, numbers, matrix, .. } = self;
        write!(f, "Compiled({} branches, {numbers} numbers, {:?})", branches.len(), matrix.pattern())
    }
}

impl Compiled {
    pub(crate) fn new(derive: Derive) -> Compiled {
        let matrix = Sparse::new(Pattern::from_entries(0, 0, []), Vec::new());
        Compiled { derive, branches: Vec::new(), given: Vec::new(), numbers: 0, further: 0, matrix }
    }

    pub(crate) fn branches(&self) -> usize {
        self.branches.len()
    }

    /// How many inputs there are after variables and data; 0 before the first branch.
    pub(crate) fn further(&self) -> usize {
        self.further
    }

    /// The numbers before the entries.
    pub(crate) fn numbers(&self) -> &[f64] {
        &self.given[..self.numbers]
    }

    pub(crate) fn matrix(&self) -> &Sparse {
        &self.matrix
    }

    /// Computes the numbers and the matrix with the first branch that holds at these inputs. `false` if none does.
    pub(crate) fn eval(&mut self, inputs: &[f64]) -> Result<bool, Error> {
        for k in 0..self.branches.len() {
            let branch = &mut self.branches[k];
            let given = &mut self.given[..branch.program.output_count()];
            let validity = branch.program.eval_where_valid(inputs, given, &mut branch.workspace)?;
            if validity == Validity::Valid {
                self.read_matrix(k);
                self.branches[..=k].rotate_right(1);
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Computes the numbers and the matrix after a branch was added that was recorded at these inputs. Its guards may fail
    /// even here: a kernel of the program can give other last bits than the scalar function that was recorded, so a
    /// comparison of nearly equal numbers can have another result. Then the branch runs without guards. It is not kept
    /// unless it is the only one, since it would be added again at each visit.
    pub(crate) fn settle(&mut self, inputs: &[f64], most: usize) -> Result<(), Error> {
        let settled = match self.eval(inputs) {
            Ok(false) => {
                let given = self.eval_newest(inputs);
                if self.branches.len() > 1 {
                    self.branches.remove(0);
                }
                given
            }
            held => held.map(|_| ()),
        };
        self.keep(most);
        settled
    }

    fn eval_newest(&mut self, inputs: &[f64]) -> Result<(), Error> {
        let branch = &self.branches[0];
        let given = &mut self.given[..branch.program.output_count()];
        branch.program.without_guards().eval(inputs, given, &mut Workspace::new())?;
        self.read_matrix(0);
        Ok(())
    }

    fn read_matrix(&mut self, branch: usize) {
        let places = &self.branches[branch].places;
        let entries = &self.given[self.numbers..][..places.len()];
        let values = self.matrix.values_mut();
        if places.len() < values.len() {
            values.fill(0.0);
        }
        for (&place, &entry) in places.iter().zip(entries) {
            values[place] = entry;
        }
    }

    /// If there are more than `most` branches, forgets those that were not used for longest. One stays.
    pub(crate) fn keep(&mut self, most: usize) {
        self.branches.truncate(most.max(1));
    }

    /// Compiles the branch that was recorded, which [`Compiled::settle`] must follow unless it is the first.
    pub(crate) fn add(&mut self, recorded: &Recorded, fixed: bool) -> Result<(), Error> {
        let derived = (self.derive)(recorded)?;
        let pattern = derived.pattern;
        let first = self.branches.is_empty();
        let known = self.matrix.pattern();
        let new = pattern.iter().find(|&(row, col)| first || !known.contains(row, col));
        if let (Some((row, col)), true) = (new, fixed && !first) {
            return Err(Error::NewEntry { row, col });
        }
        let inputs: Vec<_> = [&recorded.variables, &recorded.data, &derived.further].into_iter().flatten().collect();
        self.numbers = derived.outputs.len() - pattern.len();
        let mut outputs = derived.outputs;
        if outputs.is_empty() {
            // A program that computes nothing still checks guards, but needs an output.
            outputs.push(recorded.graph.try_constant(0.0)?);
        }
        let inputs = inputs.into_iter().copied();
        let program = Program::compile(&recorded.graph, inputs, outputs, &Options::new())?;
        // Where there is no machine code, programs are interpreted.
        let _ = program.prepare();
        self.further = derived.further.len();
        if first || new.is_some() {
            let old = if first { None } else { Some(known.iter()) };
            let all = old.into_iter().flatten().chain(pattern.iter());
            let all = Arc::new(Pattern::from_entries(pattern.rows(), pattern.cols(), all));
            self.matrix = Sparse::new(Arc::clone(&all), vec![0.0; all.len()]);
            for branch in &mut self.branches {
                branch.places = places(&branch.pattern, &all);
            }
        }
        self.given.resize((self.numbers + self.matrix.pattern().len()).max(1), 0.0);
        let places = places(&pattern, self.matrix.pattern());
        self.branches.insert(0, Branch { program, workspace: Workspace::new(), pattern, places });
        Ok(())
    }
}

/// Where each entry of a pattern is in another that has them all.
fn places(pattern: &Pattern, all: &Pattern) -> Vec<usize> {
    let place = |(row, col): (usize, usize)| {
        let found = all.col(col).binary_search(&row).expect("the pattern has all entries");
        all.col_starts()[col] + found
    };
    pattern.iter().map(place).collect()
}
