//! `sums`: the sums of some blocks, written to a part.

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::ops::Range;
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use wengert_program::{BlockSums, Blocks, InstructionSet, Program, Setup, Spread, Workspace};

use crate::arguments::Sums;
use crate::error::Error;
use crate::parameters::{parameters, settings};
use crate::part::Part;
use crate::points::Points;

/// How many bytes of points are read at a time, unless one block has more. Raw bytes and columns are in memory together.
const MOST_BYTES: usize = 64 << 20;

pub(crate) fn run(arguments: &Sums) -> Result<(), Error> {
    let (program, program_name) = load(&arguments.program)?;
    let mut workspace = Workspace::with(setup(arguments)?);
    let parameters = parameters(&program, arguments)?;
    writable(&arguments.output)?;
    let inputs: Vec<Option<&str>> = (0..program.input_count())
        .filter(|&k| program.input_spread(k) == Spread::PerPoint)
        .map(|k| program.input_label(k))
        .collect();
    // On a terminal, and nowhere else.
    let bar = ProgressBar::new(0).with_style(style("reading {bar:40} {bytes}/{total_bytes}"));
    let name = arguments.points_name.as_deref();
    let mut points = Points::open(&arguments.points, arguments.format, &inputs, name, &bar)?;
    let blocks = Blocks::at_most(points.count(), arguments.cut);
    let range = range(arguments, blocks)?;

    bar.set_style(style("running {bar:40} {pos}/{len} blocks, {eta} left"));
    bar.set_length(range.len() as u64);
    bar.set_position(0);
    bar.reset_eta();
    let mut sums = BlockSums::new(blocks, program.output_count());
    let bytes_of_block = 8 * inputs.len() * blocks.points_of(0..1).len();
    let at_a_time = (MOST_BYTES / bytes_of_block).clamp(1, 64);
    for first in range.clone().step_by(at_a_time) {
        let now = first..range.end.min(first + at_a_time);
        let columns = points.read(blocks.points_of(now.clone()))?;
        let (mut uniform, mut per_point) = (parameters.chunks(1), columns.iter());
        let inputs: Vec<&[f64]> = (0..program.input_count())
            .map(|k| match program.input_spread(k) {
                Spread::PerPoint => per_point.next().expect("a column for each"),
                _ => uniform.next().expect("a number for each"),
            })
            .collect();
        let part = program.block_sums(blocks, now.clone(), &inputs, &mut workspace).map_err(|error| match error {
            wengert_program::Error::GuardFlipped { point: None, left, relation, right, recorded, .. } => {
                let comparison = format!("{left} {relation} {right}");
                Error::UniformFlipped { comparison, recorded, inputs: settings(&program, &parameters) }
            }
            error => failed(arguments, &points, error),
        })?;
        sums.merge(part).expect("each block is here once");
        bar.inc(now.len() as u64);
    }
    bar.finish_and_clear();
    points.unchanged()?;
    let part = Part {
        program: program_name,
        points: points.name().to_owned(),
        count: points.count(),
        most: arguments.cut,
        range,
        parameters,
        rounding: workspace.instructions().rounding().to_owned(),
        labels: (0..program.output_count()).map(|k| program.output_label(k).map(str::to_owned)).collect(),
        sums: sums.parts().map(|(range, sums)| (range, sums.to_vec())).collect(),
    };
    part.save(&arguments.output)
}

/// The program, and the text that tells it from others.
fn load(path: &Path) -> Result<(Program, String), Error> {
    let bytes = fs::read(path).map_err(|source| Error::File { path: path.into(), source })?;
    let program = Program::from_bytes(&bytes).map_err(|error| match error {
        wengert_program::Error::UnknownExternal { name, .. } => Error::External { path: path.into(), name },
        source => Error::Program { path: path.into(), source },
    })?;
    if let Some(output) = (0..program.output_count()).find(|&k| program.output(k).1 == Spread::PerPoint) {
        return Err(Error::NotASum { path: path.into(), output });
    }
    if (0..program.input_count()).all(|k| program.input_spread(k) != Spread::PerPoint) {
        return Err(Error::NoPointInputs { path: path.into() });
    }
    // The file ends in a checksum of its own, and with that the checksum of all files would be the same.
    let checksum = crc32fast::hash(&bytes[..bytes.len() - 4]);
    Ok((program, format!("checksum {checksum:08x}, {} bytes", bytes.len())))
}

fn setup(arguments: &Sums) -> Result<Setup, Error> {
    let mut setup = Setup::new();
    if let Some(threads) = arguments.threads {
        setup = setup.threads(threads);
    }
    if let Some(name) = &arguments.instructions {
        let all = InstructionSet::available();
        let Some(&set) = all.iter().find(|set| set.name() == name) else {
            let known: Vec<&str> = all.iter().map(|set| set.name()).collect();
            return Err(Error::Instructions { name: name.clone(), known: known.join(", ") });
        };
        setup = setup.instructions(set);
    }
    Ok(setup)
}

/// Checks before the work that the result can be written.
fn writable(path: &Path) -> Result<(), Error> {
    let failed = |source| Error::File { path: path.into(), source };
    match fs::metadata(path) {
        // Opening a pipe could wait for a reader.
        Ok(metadata) if !metadata.is_file() && !metadata.is_dir() => Ok(()),
        Ok(_) => OpenOptions::new().append(true).open(path).map(drop).map_err(failed),
        Err(_) => {
            // A file beside the result: another job of the same part may write the result at any time, and that must not be
            // removed.
            let beside = path.with_file_name(format!(".wengert-blocks.{}", std::process::id()));
            match File::create_new(&beside) {
                // A job on another machine with the same process number made it.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
                created => created.and_then(|_| fs::remove_file(&beside)).map_err(failed),
            }
        }
    }
}

fn range(arguments: &Sums, blocks: Blocks) -> Result<Range<usize>, Error> {
    let (points, count) = (blocks.points(), blocks.count());
    match (&arguments.blocks, arguments.part, arguments.of) {
        (Some(asked), ..) if asked.end > count => Err(Error::NoSuchBlocks { asked: asked.clone(), points, count }),
        (Some(asked), ..) => Ok(asked.clone()),
        (None, Some(part), Some(of)) if part >= of => Err(Error::NoSuchPart { part, of }),
        (None, part, of) => Ok(blocks.share(part.unwrap_or(0), of.unwrap_or(1))),
    }
}

/// The error of a run, with the line of the point at which it failed.
fn failed(arguments: &Sums, points: &Points, error: wengert_program::Error) -> Error {
    use wengert_program::Error::{External, GuardFlipped};
    let at_line = match error {
        GuardFlipped { point: Some(point), .. } | External { point: Some(point), .. } => {
            points.error_at(point, error.to_string())
        }
        _ => None,
    };
    at_line.unwrap_or_else(|| Error::Program { path: arguments.program.clone(), source: error })
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("a template that is right")
}
