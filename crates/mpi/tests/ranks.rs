//! Jobs of several ranks. Each test starts this program again under `mpirun`, as one of the ignored tests below it. They
//! are ignored only because they need the other ranks: every one of them is started by a test that is not.

#[path = "../../blocks/tests/it/asian.rs"]
mod asian;

use std::cell::RefCell;
use std::path::Path;
use std::process::{Command, Output};
use std::{env, fs};

use wengert::Expr;
use wengert_mpi::{RankedBatch, Ranks, Saved, Training, run};
use wengert_nn::{Activation, Adam, Backend, Examples, Fit, Mlp, SavedOptimizer, Sgd, l2};
use wengert_program::{Blocks, InstructionSet, Options, Program, Setup, Workspace};

/// Where a job finds and leaves its files.
const FOLDER: &str = "WENGERT_MPI_FOLDER";
const PATHS: usize = 5_000;
const STEPS: u64 = 100;

fn start(job: &str, ranks: usize, folder: &Path) -> Output {
    // Far more than any job needs. A job that ends is far faster: `ends` measures it.
    let output = Command::new("timeout")
        .args(["120", "mpirun", "--allow-run-as-root", "--oversubscribe", "-n", &ranks.to_string()])
        .arg(env::current_exe().expect("is there"))
        .args(["--exact", job, "--ignored", "--nocapture", "--test-threads", "1"])
        .env(FOLDER, folder)
        // With more ranks than cores, ranks that wait must not take the cores.
        .env("OMPI_MCA_mpi_yield_when_idle", "1")
        .output()
        .expect("mpirun is installed: apt-get install openmpi-bin");
    assert_ne!(output.status.code(), Some(124), "{job} hung");
    output
}

fn succeed(job: &str, ranks: usize, folder: &Path) {
    let output = start(job, ranks, folder);
    assert!(output.status.success(), "{job} on {ranks} ranks: {}", String::from_utf8_lossy(&output.stderr));
}

/// The standard error of a job that must fail.
fn fail(job: &str, ranks: usize) -> String {
    let folder = tempfile::tempdir().expect("is made");
    let output = start(job, ranks, folder.path());
    assert!(!output.status.success(), "{job} did not fail");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn folder() -> std::path::PathBuf {
    env::var_os(FOLDER).expect("a test started this").into()
}

/// Leaves numbers to the test, one file for each rank.
fn leave(ranks: &Ranks, numbers: &[f64]) {
    fs::write(folder().join(ranks.rank().to_string()), text(numbers)).expect("is written");
}

fn text(numbers: &[f64]) -> String {
    numbers.iter().map(|x| format!("{:016x}\n", x.to_bits())).collect()
}

/// What each rank left.
fn left(folder: &Path, ranks: usize) -> Vec<String> {
    (0..ranks).map(|rank| fs::read_to_string(folder.join(rank.to_string())).expect("is there")).collect()
}

/// Numbers that look random, by their number.
fn normal(path: usize) -> f64 {
    let mut bits = (path as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (0..4)
        .map(|_| {
            bits ^= bits >> 29;
            bits = bits.wrapping_mul(0xbf58_476d_1ce4_e5b9);
            (bits >> 11) as f64 / (1u64 << 53) as f64 - 0.5
        })
        .sum::<f64>()
        * 1.7
}

#[test]
#[ignore = "a test starts it under mpirun"]
fn price() {
    run(|ranks| {
        let program = ranks.program(asian::program)?;
        let mut batch = RankedBatch::new(ranks, program, Blocks::of(PATHS), asian::normals)?;
        leave(ranks, &batch.sums(&asian::MARKET)?);
        Ok(())
    });
}

#[test]
fn a_price_and_its_greeks_have_the_bits_of_one_process() {
    let sums = asian::sums(&asian::columns(PATHS));
    for ranks in [1, 2, 4] {
        let folder = tempfile::tempdir().expect("is made");
        succeed("price", ranks, folder.path());
        assert_eq!(left(folder.path(), ranks), vec![text(&sums); ranks]);
    }
}

#[test]
#[ignore = "a test starts it under mpirun"]
fn finely_cut() {
    run(|ranks| {
        let program = ranks.program(asian::program)?;
        let mut batch = RankedBatch::new(ranks, program, Blocks::at_most(PATHS, 1000), asian::normals)?;
        leave(ranks, &batch.sums(&asian::MARKET)?);
        Ok(())
    });
}

#[test]
fn a_batch_in_more_blocks_has_the_bits_of_these_blocks() {
    let (blocks, columns) = (Blocks::at_most(PATHS, 1000), asian::columns(PATHS));
    assert_eq!(blocks.count(), 79);
    let inputs: Vec<&[f64]> = asian::MARKET.chunks(1).chain(columns.iter().map(Vec::as_slice)).collect();
    let sums = asian::program().and_then(|program| program.block_sums(blocks, 0..79, &inputs, &mut Workspace::new()));
    let sums = sums.and_then(|sums| sums.total()).expect("runs");
    for ranks in [1, 3] {
        let folder = tempfile::tempdir().expect("is made");
        succeed("finely_cut", ranks, folder.path());
        assert_eq!(left(folder.path(), ranks), vec![text(&sums); ranks]);
    }
}

#[test]
#[ignore = "a test starts it under mpirun"]
fn a_nan() {
    run(|ranks| {
        let program = ranks.program(asian::program)?;
        let mut batch = RankedBatch::new(ranks, program, Blocks::of(PATHS), |path, inputs| {
            asian::normals(path, inputs);
            if path == PATHS - 1 {
                inputs[asian::STEPS / 2] = f64::NAN;
            }
        })?;
        leave(ranks, &batch.sums(&asian::MARKET)?.iter().map(|sum| f64::from(sum.is_nan())).collect::<Vec<_>>());
        Ok(())
    });
}

#[test]
fn a_nan_at_one_point_is_a_value_on_every_rank() {
    let folder = tempfile::tempdir().expect("is made");
    succeed("a_nan", 3, folder.path());
    let all = left(folder.path(), 3);
    assert_eq!(all[0].lines().next(), Some(&*format!("{:016x}", 1f64.to_bits())));
    assert_eq!(all, vec![all[0].clone(); 3]);
}

fn examples() -> Examples {
    let row = |k: usize| {
        let [x, y] = [normal(2 * k), normal(2 * k + 1)];
        [x, y, (x - y * y).tanh()]
    };
    Examples::from_rows((0..500).map(row)).expect("has rows")
}

/// A loss of one example and a penalty, of a net of two layers that is not trained yet. `each_step` is called in every step.
#[expect(clippy::type_complexity, reason = "closures have no names")]
fn fit(
    backend: Backend,
    examples: &Examples,
    each_step: impl FnMut(),
) -> Fit<impl for<'g> Fn(&[Expr<'g>], &[Expr<'g>]) -> Expr<'g>, impl for<'g> Fn(&[Expr<'g>]) -> Expr<'g>> {
    let layers = [(6, Activation::Tanh), (1, Activation::Linear)];
    let net = Mlp::with_layers(2, &layers, 7).expect("is a net");
    let shape = net.shape();
    let each_step = RefCell::new(each_step);
    let fit =
        Fit::new(backend, net.parameters(), examples, move |p, row| (shape.forward(p, &row[..2])[0] - row[2]).powi(2));
    fit.expect("compiles").penalty(move |p| {
        (each_step.borrow_mut())();
        l2(p, 1e-3)
    })
}

/// A loss of one parameter at one example.
fn loss(factor: f64) -> impl for<'g> Fn(&[Expr<'g>], &[Expr<'g>]) -> Expr<'g> {
    move |p, row| (p[0] * row[0] * factor - row[2]).powi(2)
}

/// The parameters and the loss of the last step, by one process without MPI, and how many steps a job took.
fn trained(steps: u64) -> Vec<f64> {
    let examples = examples();
    let mut fit = fit(Backend::Compiled, &examples, || {});
    let mut adam = Adam::new(0.01);
    let losses: Vec<f64> = (0..STEPS).map(|_| fit.step(&mut adam, examples.all()).expect("steps")).collect();
    [fit.parameters(), &losses[losses.len() - 1..], &[steps as f64]].concat()
}

/// Trains on all ranks from what was saved, if anything: the parameters, the last loss and how many steps it took. Rank 1 dies in step 57 if a file asks for it.
fn train(ranks: &Ranks) -> Result<Vec<f64>, Box<dyn std::error::Error>> {
    let dies = ranks.rank() == 1 && folder().join("die").exists();
    let mut step = 0;
    let all = examples();
    let first = Examples::from_rows([all.all().row(0).collect::<Vec<_>>()])?;
    let mut fit = fit(Backend::Compiled, &first, || {
        if dies && step == 57 {
            std::process::abort();
        }
        step += 1;
    });
    let saved = Saved::new(folder().join("state"), 10);
    let row = |k: usize, row: &mut [f64]| row.iter_mut().zip(all.all().row(k)).for_each(|(to, x)| *to = x);
    let training = Training::new(all.all().len(), STEPS).saved(saved);
    let losses = ranks.train(&mut fit, &mut Adam::new(0.01), &training, row)?;
    Ok([fit.parameters(), &losses[losses.len() - 1..], &[losses.len() as f64]].concat())
}

#[test]
#[ignore = "a test starts it under mpirun"]
fn training() {
    run(|ranks| {
        leave(ranks, &train(ranks)?);
        Ok(())
    });
}

#[test]
fn training_takes_the_same_steps_on_any_number_of_ranks() {
    let parameters = trained(STEPS);
    for ranks in [1, 2, 3, 4] {
        let folder = tempfile::tempdir().expect("is made");
        succeed("training", ranks, folder.path());
        assert_eq!(left(folder.path(), ranks), vec![text(&parameters); ranks]);
    }
}

#[test]
fn a_killed_job_goes_on_to_the_same_bits_on_another_number_of_ranks() {
    let parameters = trained(50);
    let folder = tempfile::tempdir().expect("is made");
    fs::write(folder.path().join("die"), "").expect("is written");
    assert!(!start("training", 2, folder.path()).status.success());
    assert!(!folder.path().join("0").exists());
    let saved = fs::read(folder.path().join("state")).expect("is there");
    assert_eq!(saved[0], 50, "the state after step 50");
    fs::remove_file(folder.path().join("die")).expect("is there");
    succeed("training", 4, folder.path());
    assert_eq!(left(folder.path(), 4), vec![text(&parameters); 4]);
}

#[test]
#[ignore = "a test starts it under mpirun"]
fn bad_training() {
    run(|ranks| {
        let all = examples();
        let row = |k: usize, row: &mut [f64]| row.iter_mut().zip(all.all().row(k)).for_each(|(to, x)| *to = x);
        let text = |result: Result<Vec<f64>, wengert_mpi::Error>| result.map(drop).map_err(|error| error.to_string());
        let backend = if ranks.rank() == 1 { Backend::Eager } else { Backend::Compiled };
        let [one, two] = [1, 2].map(|steps| Training::new(500, steps));
        let mut eager = fit(backend, &all, || {});
        let refused = text(ranks.train(&mut eager, &mut Adam::new(0.01), &two, row));
        assert_eq!(refused, Err("rank 1: the fit has no program: use Backend::Compiled".into()));

        let mut fit = fit(Backend::Compiled, &all, || {});
        let saved = Saved::new(folder().join("state"), 1);
        saved.save(ranks, 1, &(vec![1.0; 3], Adam::new(0.01).text()))?;
        let before = fit.parameters().to_vec();
        let refused = text(ranks.train(&mut fit, &mut Adam::new(0.01), &two.clone().saved(saved.clone()), row));
        assert_eq!(refused, Err("rank 0: there are 25 parameters, but 3 were given".into()));
        saved.save(ranks, 1, &(before.clone(), Adam::new(0.01).text()))?;
        let refused = text(ranks.train(&mut fit, &mut Sgd::new(0.01), &two.clone().saved(saved.clone()), row));
        assert!(refused.is_err_and(|what| what.contains("expected \"sgd\"")));
        assert_eq!(fit.parameters(), before, "nothing is lost");
        let refused = text(ranks.train(&mut fit, &mut Sgd::new(f64::MAX), &two, row));
        assert!(refused.is_err_and(|what| what.starts_with("step ") && what.contains("parameter")));
        // What one rank has is what all go on from; a job that is done takes no step.
        let mut adam = Adam::new(0.01 + ranks.rank() as f64);
        ranks.train(&mut fit, &mut adam, &one, row)?;
        assert_eq!(adam.rate, 0.01);
        assert_eq!(ranks.train(&mut fit, &mut adam, &one.saved(saved), row)?, []);
        Ok(())
    });
}

#[test]
#[ignore = "a test starts it under mpirun"]
fn unlike_training() {
    run(|ranks| {
        let all = examples();
        let first = Examples::from_rows([all.all().row(0).collect::<Vec<_>>()])?;
        let row = |k: usize, row: &mut [f64]| row.iter_mut().zip(all.all().row(k)).for_each(|(to, x)| *to = x);
        let text = |result: Result<Vec<f64>, wengert_mpi::Error>| result.map(drop).map_err(|error| error.to_string());
        let here = ranks.rank();
        let saved = |every| Saved::new(folder().join("state"), every);
        let same = Training::new(500, 3);
        let mut fit = fit(Backend::Compiled, &first, || {});
        for other in [Training::new(500, 4), Training::new(499, 3), same.clone().cut(3), same.clone().saved(saved(7))] {
            let own = if here == 0 { &same } else { &other };
            let refused = text(ranks.train(&mut fit, &mut Adam::new(0.01), own, row));
            assert_eq!(refused, Err("rank 1: another Training than on rank 0".into()), "{other:?}");
        }
        let own = same.clone().saved(saved(7 + here as u64));
        let refused = text(ranks.train(&mut fit, &mut Adam::new(0.01), &own, row));
        assert_eq!(refused, Err("rank 1: another Training than on rank 0".into()));
        assert!(!folder().join("state").exists());

        // The net of this rank alone has another loss.
        let mut fit = Fit::new(Backend::Compiled, &[0.5], &first, loss(1.0 + here as f64))?;
        let refused = text(ranks.train(&mut fit, &mut Adam::new(0.01), &same, row));
        assert!(refused.is_err_and(|what| what.starts_with("rank 1: another program than on rank 0")));

        // Penalties are not in the program: they show in the parameters, if only after the last step.
        for steps in [1, 3] {
            let rate = [1e-2, 1e-3][here];
            let mut fit = Fit::new(Backend::Compiled, &[0.5], &first, loss(1.0))?.penalty(move |p| l2(p, rate));
            let refused = text(ranks.train(&mut fit, &mut Sgd::new(0.1), &Training::new(500, steps), row));
            assert!(refused.is_err_and(|what| what.starts_with("ranks 0 and 1 have different")));
        }
        Ok(())
    });
}

#[test]
fn ranks_that_would_train_otherwise_are_refused() {
    let folder = tempfile::tempdir().expect("is made");
    succeed("unlike_training", 2, folder.path());
}

#[test]
fn training_that_cannot_go_on_is_a_named_error_on_every_rank() {
    let folder = tempfile::tempdir().expect("is made");
    succeed("bad_training", 2, folder.path());
}

#[test]
#[ignore = "a test starts it under mpirun"]
fn panics() {
    run(|ranks| {
        let program = ranks.program(asian::program)?;
        let mut batch = RankedBatch::new(ranks, program, Blocks::of(PATHS), asian::normals)?;
        assert_ne!(ranks.rank(), 1, "a rank too many");
        batch.sums(&asian::MARKET)?;
        Ok(())
    });
}

#[test]
fn a_panic_on_one_rank_ends_the_job_and_says_which() {
    let error = fail("panics", 2);
    assert!(error.contains("rank 1 of 2: panicked: ") && error.contains("a rank too many"), "{error}");
}

#[test]
#[ignore = "a test starts it under mpirun"]
fn killed() {
    run(|ranks| {
        let program = ranks.program(asian::program)?;
        let mut batch = RankedBatch::new(ranks, program, Blocks::of(PATHS), asian::normals)?;
        for step in 0.. {
            if ranks.rank() == 1 && step == 3 {
                Command::new("kill").args(["-9", &std::process::id().to_string()]).status()?;
            }
            batch.sums(&asian::MARKET)?;
        }
        Ok(())
    });
}

#[test]
fn a_rank_that_is_killed_ends_the_job_of_ranks_that_would_go_on_forever() {
    let folder = tempfile::tempdir().expect("is made");
    assert!(!start("killed", 3, folder.path()).status.success());
}

#[test]
#[ignore = "a test starts it under mpirun"]
fn a_flip() {
    run(|ranks| {
        let program = ranks.program(|| {
            let g = wengert::Graph::new();
            let x = g.leaf(1.0);
            let y = g.expr(x);
            let y = if y < 10.0 { y } else { -y };
            Program::compile(&g, [x], [wengert_program::Output::sum(y.id())], &Options::new())
        })?;
        let at = |point| if point == 700 { 11.0 } else { 1.0 };
        let mut batch = RankedBatch::new(ranks, program, Blocks::of(1000), |point, inputs| inputs[0] = at(point))?;
        leave(ranks, &batch.sums(&[])?);
        Ok(())
    });
}

#[test]
fn an_error_on_one_rank_is_that_of_all() {
    let error = fail("a_flip", 2);
    assert!(error.contains("of 2: rank 1: the comparison") && error.contains("at point 700"), "{error}");
}

/// A state of 2.15 GB, which takes no memory until it is written.
struct Long;

impl serde::Serialize for Long {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeTuple;
        struct Bytes<'a>(&'a [u8]);
        impl serde::Serialize for Bytes<'_> {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_bytes(self.0)
            }
        }
        let bytes = vec![0; 1_000_000];
        let mut all = serializer.serialize_tuple(2150)?;
        (0..2150).try_for_each(|_| all.serialize_element(&Bytes(&bytes)))?;
        all.end()
    }
}

#[test]
#[ignore = "a test starts it under mpirun"]
fn misuse() {
    run(|ranks| {
        let text = |result: Result<Vec<f64>, wengert_mpi::Error>| result.map_err(|error| error.to_string());
        let program = ranks.program(asian::program)?;
        let mut batch = RankedBatch::new(ranks, program.clone(), Blocks::of(PATHS), asian::normals)?;
        let sums = text(batch.sums(&[1.0 + ranks.rank() as f64, 0.2, 0.03]));
        assert_eq!(
            sums,
            Err("ranks 0 and 1 have different uniform inputs or parameters: give all ranks the same".into())
        );
        let sums = text(batch.sums(&asian::MARKET[ranks.rank()..]));
        assert_eq!(sums, Err("rank 1: uniform inputs: 3 expected, 2 given".into()));
        assert!(batch.sums(&asian::MARKET).is_ok(), "nothing is lost");
        let columns =
            vec![vec![0.0; RankedBatch::own_points(ranks, Blocks::of(PATHS)).len() - ranks.rank()]; asian::STEPS];
        let refused =
            RankedBatch::with_columns(ranks, program, Blocks::of(PATHS), columns).map_err(|error| error.to_string());
        assert!(refused.is_err_and(|what| what.starts_with("rank 1: numbers in a column: ")));
        let per_point = ranks.program(|| Program::from_fn(&[1.0], |x| vec![x[0].exp()], &Options::new()))?;
        let refused = RankedBatch::new(ranks, per_point, Blocks::of(10), |_, _| {}).map_err(|error| error.to_string());
        assert!(refused.is_err_and(|what| what.contains("output 0 has a number for each point")));
        let more = Blocks::of(1000 + ranks.rank());
        let refused = RankedBatch::new(ranks, ranks.program(asian::program)?, more, asian::normals);
        let refused = refused.map(drop).map_err(|error| error.to_string());
        assert_eq!(refused, Err("rank 1: points of the batch, as on rank 0: 1000 expected, 1001 given".into()));
        let finer = Blocks::at_most(1000, 4 - ranks.rank());
        let refused = RankedBatch::new(ranks, ranks.program(asian::program)?, finer, asian::normals);
        let refused = refused.map(drop).map_err(|error| error.to_string());
        assert_eq!(refused, Err("rank 1: blocks of the batch, as on rank 0: 4 expected, 3 given".into()));
        let refused = ranks.program(|| Program::from_fn(&[1.0], |_| vec![], &Options::new()));
        assert!(refused.is_err_and(|error| error.to_string().starts_with("rank 0: a program needs an output")));
        let saved = Saved::new(folder().join("state"), 1);
        saved.save(ranks, 3, &vec![1.0, 2.0])?;
        assert_eq!(saved.resume(ranks)?, Some((3, vec![1.0, 2.0])));
        if ranks.rank() == 0 {
            let path = folder().join("state");
            let mut bytes = fs::read(&path)?;
            bytes[5] ^= 1;
            fs::write(path, bytes)?;
        }
        let changed = saved.resume::<Vec<f64>>(ranks).map_err(|error| error.to_string());
        assert!(changed.is_err_and(|what| what.contains("not a state of this job")));
        let kept = fs::read(folder().join("state"))?;
        assert!(matches!(saved.save(ranks, 4, &Long), Err(wengert_mpi::Error::TooLong { bytes: 2_150_000_000.. })));
        assert_eq!(fs::read(folder().join("state"))?, kept);
        let nowhere = Saved::new(folder().join("no folder").join("state"), 1);
        assert_eq!(nowhere.resume::<f64>(ranks)?, None);
        assert!(nowhere.save(ranks, 1, &1.0).is_err_and(|error| error.to_string().contains("no folder")));
        Ok(())
    });
}

#[test]
fn misuse_is_a_named_error_on_every_rank() {
    let folder = tempfile::tempdir().expect("is made");
    succeed("misuse", 2, folder.path());
}

#[test]
#[ignore = "a test starts it under mpirun"]
fn unlike() {
    run(|ranks| {
        // The first point of a rank would give its numbers to all others of this rank.
        let first = RankedBatch::own_points(ranks, Blocks::of(PATHS)).start;
        let program = ranks.program(asian::program)?;
        let mut unset = RankedBatch::new(ranks, program, Blocks::of(PATHS), |path, inputs| {
            if path == first {
                asian::normals(path, inputs);
            }
        })?;
        assert!(unset.sums(&asian::MARKET)?[0].is_nan());

        let own = |factor: f64| {
            let g = wengert::Graph::new();
            let x = g.leaf(1.0);
            let y = g.expr(x) * factor;
            Program::compile(&g, [x], [wengert_program::Output::sum(y.id())], &Options::new())
        };
        let text = |error: wengert_mpi::Error| error.to_string();
        let refused = RankedBatch::new(ranks, own(2.0 + ranks.rank() as f64)?, Blocks::of(1000), |_, x| x[0] = 1.0);
        let refused = refused.map(drop).map_err(text);
        assert!(refused.is_err_and(|what| what.starts_with("rank 1: another program than on rank 0: ")));

        let one = InstructionSet::best();
        if let Some(other) = InstructionSet::available().into_iter().find(|set| set.rounding() != one.rounding()) {
            let set = if ranks.rank() == 0 { one } else { other };
            let batch = RankedBatch::new(ranks, own(2.0)?, Blocks::of(1000), |k, x| x[0] = k as f64)?;
            let mut mixed = batch.setup(Setup::new().instructions(set));
            let (one, two) = (one.rounding(), other.rounding());
            let expected = format!("the rounding of sums of products is {one} on rank 0 and {two} on rank 1: ");
            assert!(mixed.sums(&[]).map_err(text).is_err_and(|what| what.starts_with(&expected)));
            let mut same = mixed.setup(Setup::new().instructions(other));
            assert_eq!(same.sums(&[]).map_err(text), Ok(vec![999_000.0]));
        }
        Ok(())
    });
}

#[test]
fn ranks_that_would_add_up_different_functions_are_refused() {
    let folder = tempfile::tempdir().expect("is made");
    succeed("unlike", 2, folder.path());
}

#[test]
#[ignore = "a test starts it under mpirun"]
fn few() {
    run(|ranks| {
        let program = ranks.program(asian::program)?;
        let mut sums = Vec::new();
        for points in [0, 1, 64, 65] {
            let mut batch = RankedBatch::new(ranks, program.clone(), Blocks::of(points), asian::normals)?;
            sums.extend(batch.sums(&asian::MARKET)?);
        }
        leave(ranks, &sums);
        Ok(())
    });
}

#[test]
fn more_ranks_than_points_is_right() {
    let all: Vec<Vec<String>> = [1, 3]
        .map(|ranks| {
            let folder = tempfile::tempdir().expect("is made");
            succeed("few", ranks, folder.path());
            left(folder.path(), ranks)
        })
        .into();
    assert_eq!(all[1], vec![all[0][0].clone(); 3]);
    assert!(all[0][0].starts_with(&text(&[0.0; 4])));
}
