//! `fold`: the sums and means over all points, from the parts of all jobs.

use std::fmt::Write as _;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use wengert_program::BlockSums;

use crate::arguments::{Fold, Report};
use crate::error::Error;
use crate::part::Part;

pub(crate) fn run(arguments: &Fold) -> Result<(), Error> {
    let mut parts = Vec::new();
    for path in &arguments.parts {
        parts.push((path, Part::load(path)?));
    }
    let sums = total(&mut parts)?;
    let (_, part) = &parts[0];
    let by_name = |path: &PathBuf| match path.extension()?.to_str()? {
        "csv" => Some(Report::Csv),
        "json" => Some(Report::Json),
        _ => None,
    };
    let report = arguments.format.or(arguments.output.as_ref().and_then(by_name)).unwrap_or(Report::Text);
    let means: Vec<f64> = sums.iter().map(|sum| sum / part.count as f64).collect();
    let text = match report {
        Report::Text => table(part, &sums, &means),
        Report::Csv => comma_separated(part, &sums, &means),
        Report::Json => json(part, &sums, &means),
    };
    if let Some(path) = &arguments.output {
        wengert_file::save(path, text.as_bytes()).map_err(|source| Error::File { path: path.clone(), source })?;
    }
    match std::io::stdout().write_all(text.as_bytes()) {
        // The reader has read enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(Error::Printing),
    }
}

/// The sums of all parts, if they fit together. Sorts the parts.
fn total(parts: &mut [(&PathBuf, Part)]) -> Result<Vec<f64>, Error> {
    let (first_path, first) = &parts[0];
    for (path, part) in &parts[1..] {
        same((first_path, first), (path, part))?;
    }
    parts.sort_by_key(|(_, part)| (part.range.start, part.range.end));
    let blocks = parts[0].1.blocks();
    let (mut next, mut missing) = (0, Vec::new());
    let mut sums = BlockSums::new(blocks, parts[0].1.labels.len());
    let mut before: Option<&Path> = None;
    for (path, part) in &*parts {
        if part.range.is_empty() {
            continue;
        }
        match before {
            Some(before) if part.range.start < next => {
                return Err(Error::Overlap { first: before.into(), second: path.into(), block: part.range.start });
            }
            _ if part.range.start > next => missing.push(next..part.range.start),
            _ => {}
        }
        (next, before) = (part.range.end, Some(path.as_path()));
        let refused = |what| Error::Part { path: path.into(), what };
        let own = part.block_sums().map_err(refused)?;
        sums.merge(own).map_err(|error| refused(error.to_string()))?;
    }
    if next < blocks.count() {
        missing.push(next..blocks.count());
    }
    match missing.is_empty() {
        true => Ok(sums.total().expect("all blocks are there")),
        false => Err(Error::Missing { missing, most: parts[0].1.most }),
    }
}

/// Checks that two parts are of the same sum.
fn same((first_path, first): (&Path, &Part), (second_path, second): (&Path, &Part)) -> Result<(), Error> {
    let cut = |part: &Part| format!("{} points in blocks of {}", part.count, part.blocks().points_of(0..1).len());
    // By bits: a NaN is the same as itself.
    let parameters = |part: &Part| -> String {
        part.parameters.iter().map(|x| format!("{x:?} ({:016x})", x.to_bits())).collect::<Vec<_>>().join(", ")
    };
    let compared = [
        ("programs", first.program.clone(), second.program.clone()),
        ("points", first.points.clone(), second.points.clone()),
        ("cuts", cut(first), cut(second)),
        ("uniform inputs", parameters(first), parameters(second)),
        ("roundings of sums of products, see --instructions", first.rounding.clone(), second.rounding.clone()),
    ];
    for (what, first_is, second_is) in compared {
        if first_is != second_is {
            let (first, second) = (first_path.into(), second_path.into());
            return Err(Error::Different { first, second, what, first_is, second_is });
        }
    }
    match first.labels == second.labels && first.blocks() == second.blocks() {
        true => Ok(()),
        false => {
            Err(Error::Part { path: second_path.into(), what: "its labels or blocks are not its program's".into() })
        }
    }
}

/// Numbers with all their digits.
fn table(part: &Part, sums: &[f64], means: &[f64]) -> String {
    let mut rows = vec![["output".to_owned(), "sum".to_owned(), "mean".to_owned()]];
    for (k, label) in part.labels.iter().enumerate() {
        let name = label.clone().unwrap_or_else(|| k.to_string());
        rows.push([name, format!("{:?}", sums[k]), format!("{:?}", means[k])]);
    }
    let width = |k: usize| rows.iter().map(|row| row[k].chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2)];
    let mut text = format!("{} points\n", part.count);
    for [name, sum, mean] in &rows {
        let _ = writeln!(text, "{name:<0$}  {sum:>1$}  {mean:>2$}", widths[0], widths[1], widths[2]);
    }
    text
}

fn comma_separated(part: &Part, sums: &[f64], means: &[f64]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut row = |fields: [&str; 4]| writer.write_record(fields).expect("memory can be written");
    row(["output", "label", "sum", "mean"]);
    for (k, label) in part.labels.iter().enumerate() {
        row([&k.to_string(), label.as_deref().unwrap_or(""), &format!("{:?}", sums[k]), &format!("{:?}", means[k])]);
    }
    String::from_utf8(writer.into_inner().expect("memory can be written")).expect("all fields are text")
}

fn json(part: &Part, sums: &[f64], means: &[f64]) -> String {
    let number = |x: f64| if x.is_finite() { json!(x) } else { json!(format!("{x:?}")) };
    let outputs: Vec<Value> = (part.labels.iter().zip(sums).zip(means))
        .map(|((label, &sum), &mean)| json!({"label": label, "sum": number(sum), "mean": number(mean)}))
        .collect();
    format!("{:#}\n", json!({"points": part.count, "outputs": outputs}))
}
