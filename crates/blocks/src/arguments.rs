//! The command line.

use std::ops::Range;
use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};

/// Sums of a program over the points of a file, as separate jobs.
///
/// How the points are cut into blocks depends only on their number and on `--cut`. Each job makes the sums of some
/// blocks. Folded, they have the bits of one run over all points, however many jobs there were and in whatever order they
/// ran.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLE)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) job: Job,
}

const EXAMPLE: &str = "\
Example: a price and its Greeks, by four jobs
  option.program was written by Program::save. Its inputs spot, rate and volatility are uniform, and each point has a
  number for each of the others. Its outputs are sums.

  for K in 0 1 2 3; do
    wengert-blocks sums option.program paths.csv --set spot=100 --set rate=0.03 --set volatility=0.2 \\
      --part $K --of 4 -o $K.part
  done
  wengert-blocks fold 0.part 1.part 2.part 3.part -o greeks.csv

Exit status: 0 if done, 1 if a file is wrong or the program fails, 2 if the arguments are wrong. Files are
written completely or not at all.";

#[derive(Debug, Subcommand)]
pub(crate) enum Job {
    /// Write the sums of some blocks to a part
    Sums(Box<Sums>),
    /// Add up the parts of all jobs
    Fold(Fold),
}

#[derive(Debug, Args)]
#[group(skip)]
#[command(group = ArgGroup::new("which").required(true).args(["blocks", "part"]), after_help = "\
In CSV, each point is a line, with a number for each input of the program that is not uniform. A first line of names is a
header; some names may be empty. If all these inputs have labels, a header says which column is which, and other columns are
ignored; otherwise the columns are in the order of the inputs. With --format rows or columns, the file has nothing but
numbers of eight bytes, lowest byte first: point after point, or input after input. The size of the file says how many points
there are.

A job reads the points of its own blocks, 64 MB or one block at a time, and holds at most twice that. It also reads the file
once from start to end, for its checksum; see --points-name.")]
pub(crate) struct Sums {
    /// The program, as Program::save writes it; its outputs are sums
    pub(crate) program: PathBuf,
    /// The points
    pub(crate) points: PathBuf,
    /// How the file stores the points
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    pub(crate) format: Format,
    /// The number of a uniform input, by its label or by its place among all inputs, from 0
    #[arg(long = "set", value_name = "NAME=NUMBER")]
    pub(crate) set: Vec<String>,
    /// A file with a line NAME=NUMBER for each further uniform input
    #[arg(long, value_name = "FILE")]
    pub(crate) parameters: Option<PathBuf>,
    /// The blocks from A to B, excluding B, counted from 0
    #[arg(long, value_name = "A..B", value_parser = range)]
    pub(crate) blocks: Option<Range<usize>>,
    /// Part K of N, counted from 0. The parts differ by one block at most
    #[arg(long, value_name = "K", requires = "of")]
    pub(crate) part: Option<usize>,
    /// How many parts there are
    #[arg(long, value_name = "N", value_parser = positive, requires = "part", conflicts_with = "blocks")]
    pub(crate) of: Option<usize>,
    /// The most blocks that the points are cut into. A thread runs a block; the bits of the result depend on the cut
    #[arg(long, value_name = "M", value_parser = positive, default_value_t = 64)]
    pub(crate) cut: usize,
    /// A name for these points, such as a version, instead of a checksum; then no job reads more of a raw file than its part
    #[arg(long, value_name = "NAME")]
    pub(crate) points_name: Option<String>,
    /// How many threads; all cores if it is not given
    #[arg(long, value_name = "N", value_parser = positive)]
    pub(crate) threads: Option<usize>,
    /// The instruction set: avx512, avx2+fma, sse2, portable. All machines of a job must round alike: the first two do,
    /// and the others
    #[arg(long, value_name = "SET")]
    pub(crate) instructions: Option<String>,
    /// The part to write
    #[arg(short, long, value_name = "PART")]
    pub(crate) output: PathBuf,
}

#[derive(Debug, Args)]
#[group(skip)]
#[command(after_help = "\
The parts may come in any order. All blocks must be there, each once, and all parts must be of the same program, points,
cut, uniform inputs and rounding. Sums and means have all their digits: reading them gives back the same bits. In
JSON, numbers that are not finite are the texts \"NaN\", \"inf\" and \"-inf\".")]
pub(crate) struct Fold {
    /// The parts that `sums` wrote
    #[arg(required = true, value_name = "PART")]
    pub(crate) parts: Vec<PathBuf>,
    /// How to print the sums and means [default: by the ending of RESULT, or else text]
    #[arg(long, value_enum)]
    pub(crate) format: Option<Report>,
    /// A file for what is printed
    #[arg(short, long, value_name = "RESULT")]
    pub(crate) output: Option<PathBuf>,
}

/// How a file stores points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Comma-separated text
    Csv,
    /// Raw numbers, point after point
    Rows,
    /// Raw numbers, input after input
    Columns,
}

/// How a result is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Report {
    /// A table
    Text,
    /// Comma-separated text
    Csv,
    /// JSON
    Json,
}

fn range(text: &str) -> Result<Range<usize>, String> {
    let parsed = text.split_once("..").and_then(|(start, end)| Some(start.parse().ok()?..end.parse().ok()?));
    let range: Range<usize> = parsed.ok_or("give two whole numbers, as in 0..8")?;
    if range.start > range.end { Err("the first number is larger than the second".into()) } else { Ok(range) }
}

fn positive(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|&number| number > 0).ok_or_else(|| "give a whole number from 1 on".into())
}
