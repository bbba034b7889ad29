//! What can go wrong with a net, its training or its file, each with a name.

use std::io;
use std::path::PathBuf;

/// Why a net could not be made, trained, saved or loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A net of no layers computes nothing.
    #[error("a net needs at least one layer")]
    NoLayers,
    /// A net without inputs.
    #[error("a net needs at least one input")]
    NoInputs,
    /// A layer without neurons.
    #[error("layer {layer} has no neurons; every layer needs at least one")]
    NoNeurons {
        /// Which layer, counted from 1.
        layer: usize,
    },
    /// More parameters than could be counted.
    #[error("the net has more parameters than a graph can hold; make its layers narrower")]
    TooLarge,
    /// A list of parameters that is too short or too long for the net.
    #[error("the net has {expected} parameters, but {given} were given")]
    Parameters {
        /// How many the net has.
        expected: usize,
        /// How many there were.
        given: usize,
    },
    /// No examples to learn from.
    #[error("there are no examples; training needs at least one")]
    NoExamples,
    /// Examples of no numbers.
    #[error("an example needs at least one number")]
    NoColumns,
    /// Examples that differ in how many numbers they have.
    #[error("example {example} has {given} numbers, where others have {expected}")]
    Columns {
        /// Which example, counted from 1.
        example: usize,
        /// How many numbers it had to have.
        expected: usize,
        /// How many it has.
        given: usize,
    },
    /// Batches of no examples.
    #[error("a batch needs at least one example")]
    EmptyBatch,
    /// A loss that does not become a program, or a point at which its program is not the loss.
    #[error("the compiled way cannot run this loss: {source}; the eager way (Way::Eager) can")]
    Compiled {
        /// What the program said.
        #[from]
        source: wengert_program::Error,
    },
    /// A loss or penalty of another graph.
    #[error(
        "the loss or penalty is an expression of another graph: make it of the parameters and examples its closure is given"
    )]
    ForeignLoss,
    /// A slope that cannot be stepped by.
    #[error(
        "the slope of parameter {parameter} is {slope}, so no step was taken; Graph::explain_nan tells where it comes from"
    )]
    Slope {
        /// Which parameter, counted from 0.
        parameter: usize,
        /// Its slope: NaN or infinite.
        slope: f64,
    },
    /// A step that leads out of the numbers.
    #[error("a step would make parameter {parameter} {value}, so none was taken; take a smaller rate")]
    Step {
        /// Which parameter, counted from 0.
        parameter: usize,
        /// What it would be: NaN or infinite.
        value: f64,
    },
    /// No activation has this name.
    #[error("there is no activation named {name:?}; there are linear, relu, tanh, sigmoid")]
    UnknownActivation {
        /// The name that was looked for.
        name: String,
    },
    /// Text that is not a net.
    #[error("line {line}: {reason}")]
    Malformed {
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A file that could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file that is not a net.
    #[error("{}: {source}", path.display())]
    InFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<Error>,
    },
}

/// The value, or a panic with the error's text.
#[track_caller]
pub(crate) fn expect<T>(result: Result<T, Error>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}
