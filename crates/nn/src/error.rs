//! The errors of nets, their training and their files.

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
    /// More parameters than a graph can hold nodes.
    #[error("the net has more parameters than a graph can hold; make its layers narrower")]
    TooLarge,
    /// A list of parameters of the wrong length.
    #[error("there are {expected} parameters, but {given} were given")]
    Parameters {
        /// The number of parameters.
        expected: usize,
        /// The number given.
        given: usize,
    },
    /// No examples.
    #[error("there are no examples; training needs at least one")]
    NoExamples,
    /// Examples without columns.
    #[error("an example needs at least one number")]
    NoColumns,
    /// Examples of different lengths.
    #[error("example {example} has {given} numbers, but {expected} are needed")]
    Columns {
        /// Which example, counted from 1.
        example: usize,
        /// The number of columns needed.
        expected: usize,
        /// The number of columns of this example.
        given: usize,
    },
    /// Batches without examples.
    #[error("a batch needs at least one example")]
    EmptyBatch,
    /// A loss that could not be compiled, or whose program failed: for example at an example where a comparison has
    /// another result than when the loss was compiled. [`Backend::Eager`](crate::Backend::Eager) runs such a loss.
    #[error("the compiled loss: {source}{}", hint(source))]
    Compiled {
        /// The error of the program.
        #[from]
        source: wengert_program::Error,
    },
    /// A loss or a penalty whose gradient cannot be computed, for example since a function of the user's own
    /// ([`wengert::External`]) has no derivative there.
    #[error("the sweep back from the loss: {source}")]
    Sweep {
        /// The error of the graph.
        #[from]
        source: wengert::Error,
    },
    /// A loss or penalty of another graph.
    #[error("the loss or penalty is an expression of another graph; build it from the arguments of its closure")]
    ForeignLoss,
    /// Not one slope for each parameter.
    #[error("there are {slopes} slopes for {parameters} parameters; give one for each")]
    Slopes {
        /// The number of parameters.
        parameters: usize,
        /// The number of slopes.
        slopes: usize,
    },
    /// An optimizer that has made steps with another number of parameters.
    #[error(
        "the optimizer has made steps with {before} parameters, and there are {parameters}; make a new one for another net"
    )]
    OtherNet {
        /// The number of parameters of its steps.
        before: usize,
        /// The number of parameters now.
        parameters: usize,
    },
    /// A derivative that is NaN or infinite.
    #[error(
        "the derivative with respect to parameter {parameter} is {slope}, so no step was taken; Graph::explain_nan finds where it comes from"
    )]
    Slope {
        /// Which parameter, counted from 0.
        parameter: usize,
        /// The derivative.
        slope: f64,
    },
    /// A step after which a parameter would be NaN or infinite.
    #[error("parameter {parameter} would become {value}, so no step was taken; use a smaller rate")]
    Step {
        /// Which parameter, counted from 0.
        parameter: usize,
        /// The value it would have.
        value: f64,
    },
    /// No activation has this name.
    #[error("there is no activation {name:?}; use linear, relu, tanh or sigmoid")]
    UnknownActivation {
        /// The name given.
        name: String,
    },
    /// Text that does not describe a net.
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
        /// The error of the operating system.
        source: io::Error,
    },
    /// A file that does not describe a net.
    #[error("{}: {source}", path.display())]
    InFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<Error>,
    },
}

/// What helps where the loss itself may be fine. An example at which it fails, or too little memory, is not among this.
fn hint(source: &wengert_program::Error) -> &'static str {
    use wengert_program::Error::{Graph, GuardFlipped, LooseLeaf, TooLarge};
    match source {
        Graph(_) | GuardFlipped { .. } | LooseLeaf { .. } | TooLarge { .. } => "; Backend::Eager needs no program",
        _ => "",
    }
}

/// The value, or a panic with the text of the error.
#[track_caller]
pub(crate) fn expect<T>(result: Result<T, Error>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}
