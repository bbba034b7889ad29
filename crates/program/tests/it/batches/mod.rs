//! What holds for any program in batches: a point has the same bits as alone, no matter which points are next to it.
//! Tests and fuzz targets share this.

use wengert_program::{Error, InstructionSet, Program, Setup, Spread, Workspace};

/// The bits of a number. All NaNs count as the same.
fn bits(x: f64) -> u64 {
    if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() }
}

/// What a run gave: the bits of every output, or which point and which guard stopped it.
type Outcome = Result<Vec<Vec<u64>>, (usize, usize)>;

fn outcome(result: Result<(), Error>, outputs: Vec<Vec<f64>>) -> Result<Outcome, String> {
    match result {
        Ok(()) => Ok(Ok(outputs.into_iter().map(|column| column.into_iter().map(bits).collect()).collect())),
        Err(Error::GuardFlipped { point, guard, .. }) => Ok(Err((point.unwrap_or(0), guard))),
        Err(error) => Err(error.to_string()),
    }
}

/// Runs the program at a single point.
fn alone(program: &Program, x: &[f64], workspace: &mut Workspace) -> Result<Outcome, String> {
    let mut out = vec![0.0; program.output_count()];
    let result = program.eval(x, &mut out, workspace);
    outcome(result, out.into_iter().map(|y| vec![y]).collect())
}

/// Runs the program at the points in one batch. If `short`, inputs that are the same at all points are given
/// as one number.
fn batch(program: &Program, points: &[&[f64]], short: bool, workspace: &mut Workspace) -> Result<Outcome, String> {
    let columns: Vec<Vec<f64>> = (0..program.input_count())
        .map(|k| {
            let column: Vec<f64> = points.iter().map(|x| x[k]).collect();
            let equal = column.iter().all(|x| x.to_bits() == column[0].to_bits());
            if program.input_spread(k) == Spread::Uniform || short && equal { vec![column[0]] } else { column }
        })
        .collect();
    let inputs: Vec<&[f64]> = columns.iter().map(|column| &column[..]).collect();
    let length = |k| match program.output(k).1 {
        Spread::PerPoint => points.len(),
        _ => 1,
    };
    let mut outputs: Vec<Vec<f64>> = (0..program.output_count()).map(|k| vec![0.0; length(k)]).collect();
    let mut slices: Vec<&mut [f64]> = outputs.iter_mut().map(|column| &mut column[..]).collect();
    let result = program.eval_batch(points.len(), &inputs, &mut slices, workspace);
    outcome(result, outputs)
}

/// Checks that `count` points, which repeat these, give in a batch what each gives alone: on every instruction set of
/// this processor, with each of these numbers of lanes and threads. Also checks that a sum over them has the same bits
/// in all runs. Uniform inputs are those of the first point.
///
/// # Errors
/// A description of the first difference.
pub(crate) fn check(
    program: &Program,
    points: &[Vec<f64>],
    count: usize,
    lanes: &[usize],
    threads: &[usize],
) -> Result<(), String> {
    let mut points = points.to_vec();
    for k in (0..program.input_count()).filter(|&k| program.input_spread(k) == Spread::Uniform) {
        let whole = points[0][k];
        points.iter_mut().for_each(|x| x[k] = whole);
    }
    for set in InstructionSet::available() {
        let setup = Setup::new().instructions(set).threads(1);
        let mut workspace = Workspace::with(setup);
        let single = points.iter().map(|x| alone(program, x, &mut workspace)).collect::<Result<Vec<_>, _>>()?;
        // All points, then those that no guard stops.
        let through: Vec<usize> = (0..points.len()).filter(|&k| single[k].is_ok()).collect();
        for chosen in [(0..points.len()).collect(), through] {
            if chosen.is_empty() {
                continue;
            }
            let order: Vec<usize> = chosen.iter().copied().cycle().take(count).collect();
            let xs: Vec<&[f64]> = order.iter().map(|&k| &points[k][..]).collect();
            let mut first: Option<Vec<Vec<u64>>> = None;
            for (run, (&lanes, &threads)) in lanes.iter().flat_map(|l| threads.iter().map(move |t| (l, t))).enumerate()
            {
                let mut workspace = Workspace::with(setup.lanes(lanes).threads(threads));
                let at = format!("{count} points, {lanes} lanes, {threads} threads, {set}");
                let got = batch(program, &xs, run % 2 == 1, &mut workspace)?;
                let stopped = order.iter().position(|&k| single[k].is_err());
                let expected = stopped.map(|place| {
                    let guard = single[order[place]].as_ref().err().map(|&(_, guard)| guard);
                    (place, guard.unwrap_or_default())
                });
                let columns = match (got, expected) {
                    (Err(got), Some(expected)) if got == expected => continue,
                    (Ok(columns), None) => columns,
                    (got, expected) => return Err(format!("{:?} for {expected:?}: {at}", got.err())),
                };
                for (k, column) in columns.iter().enumerate() {
                    if program.output(k).1 == Spread::Uniform {
                        continue;
                    }
                    for (place, &got) in column.iter().enumerate() {
                        let expected = single[order[place]].as_ref().map_or(0, |out| out[k][0]);
                        if got != expected {
                            let [got, expected] = [got, expected].map(f64::from_bits);
                            return Err(format!("output {k} of point {place} is {got:e}, alone {expected:e}: {at}"));
                        }
                    }
                }
                match &first {
                    None => first = Some(columns),
                    Some(first) if *first == columns => {}
                    Some(first) => return Err(format!("sums {first:?} and {columns:?}: {at}")),
                }
            }
        }
    }
    Ok(())
}
