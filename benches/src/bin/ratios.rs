//! The table of ratios: every workload, every engine, in interleaved rounds on one core.
//!
//! `cargo run --release -p benches --bin ratios -- --help` says how to use it.

#![forbid(unsafe_code)]

use benches::compiling::compiling;
use benches::engines::{self, Engine};
use benches::measure::{Contender, Form, Summary, TapeContender, WrittenContender, compete};
use benches::report::{Circumstances, Row, rows};
use benches::routes::{ROUTES, Routes};
use benches::scaling;
use benches::threshold::threshold;
use benches::workloads::{Workload, asian, burgers, chain, formula, lecture, mixture, perceptron, rosenbrock};
use serde_json::json;
use std::process::ExitCode;
use std::time::Duration;

const HELP: &str = "\
Times every workload on every engine, and prints one line per pair:
  <workload> <engine> record <min> backward <min> total <min> ns/op xreverse <total over that of
  the crate reverse> xP <over the plain function> xH <over the hand-written gradient>
  bytes/op <buffers in use with the adjoints, over operations and inputs>
  <other figures by name> median <of the total>
W1 is in ns per repetition. Compare figures within one run only.

Usage: cargo run --profile bench -p benches --bin ratios [-- OPTIONS] [WORKLOAD ...]

  WORKLOAD            W1 W2 W2-5M W3 W3-100 W4 W4-dot W4-point W5 W6-2x5 W6-10x25 W7 W8; W2 names
                      W2-5M too, and so on. None means all.
  --engines A,B       only these engines and routes; P and H always run
  --seconds S         time for each workload (default 6), or for all of --compile or --threshold
  --json              one JSON object instead of lines
  --scaling           cost per operation from 1e4 to 2e7 operations, and the cold first recording
  --compile           cost of compiling, of making machine code and of one point, for each recorded
                      operation: W4's point and W5's path with gradients, and two functions of 1e4 to
                      1e6 operations
  --threshold         duals against recording, from 1 to 16 inputs
  --profile WORKLOAD ENGINE N
                      evaluate N times and print nothing else: for perf and callgrind
  --help              this text

Engines, which record and sweep back:
  wengert wengert-keys reverse echidna; with `--features rustquant` also RustQuant
Routes, on the workloads that have them:
  program             W4, W5: compiled, all points or paths in a call; ns/op counts the
                      operations of one step or one path
  program-fused       the same with products and sums fused
  program-fused-2threads
                      W5: on two threads; xone is over program-fused. Left out on one core.
  program-one         W3-100, W4-point, W5, W7: compiled, one point or path in a call, interpreted;
                      xwengert is over recording and sweeping
  native              the same as machine code; xone is over program-one
  dual                W1, W2, W5: a pass over dual numbers, no tape
  hvp                 W3 to W6: the Hessian times a vector on a recorded graph; xbackward is over
                      wengert's sweep, xwengert over its recording and sweep
  gradient-graph      W3 to W6-2x5: recording the gradient as graph nodes; xnodes is the number of
                      all nodes over that of the workload alone
  wengert-fused       W4, W6, W8: recording and sweeping back with a call for each statement; ns/op
                      counts the operations of the plain form, xwengert is over that

For less noise, pin the process to a core: taskset -c 1 target/release/ratios.
Two threads need two cores.
";

/// The engines, in the order of the table.
const ENGINES: &[&str] = &[
    "wengert",
    "wengert-keys",
    "reverse",
    #[cfg(feature = "rustquant")]
    "RustQuant",
    "echidna",
];

/// The workloads, in the order of the table.
const WORKLOADS: [&str; 13] =
    ["W1", "W2", "W2-5M", "W3", "W3-100", "W4", "W4-dot", "W4-point", "W5", "W6-2x5", "W6-10x25", "W7", "W8"];

/// Calls the generic `$run` with the type of the named engine.
macro_rules! with_engine {
    ($name:expr, $engine:ident => $run:expr) => {
        match $name {
            "wengert" => {
                type $engine = engines::wengert::Wengert;
                $run
            }
            "wengert-keys" => {
                type $engine = engines::wengert::WengertKeys;
                $run
            }
            "reverse" => {
                type $engine = engines::reverse::Reverse;
                $run
            }
            #[cfg(feature = "rustquant")]
            "RustQuant" => {
                type $engine = engines::rustquant::RustQuant;
                $run
            }
            "echidna" => {
                type $engine = engines::echidna::Echidna;
                $run
            }
            other => unreachable!("{other} is not among ENGINES"),
        }
    };
}

/// Calls the generic `$run` with a reference to the named workload.
macro_rules! with_workload {
    ($name:expr, $workload:ident => $run:expr) => {
        match $name {
            "W1" => {
                let $workload = &lecture::Lecture::new();
                $run
            }
            "W2" => {
                let $workload = &chain::Chain::new("W2", 250_000);
                $run
            }
            "W2-5M" => {
                let $workload = &chain::Chain::new("W2-5M", 5_000_000);
                $run
            }
            "W3" => {
                let $workload = &rosenbrock::Rosenbrock::new(100_000);
                $run
            }
            "W3-100" => {
                let $workload = &rosenbrock::Rosenbrock::named("W3-100", 100);
                $run
            }
            "W4" => {
                let $workload = &perceptron::Perceptron::<false>::new();
                $run
            }
            "W4-dot" => {
                let $workload = &perceptron::Perceptron::<true>::new();
                $run
            }
            "W4-point" => {
                let $workload = &perceptron::Sample::new();
                $run
            }
            "W5" => {
                let $workload = &asian::Asian::new(10_000);
                $run
            }
            "W6-2x5" => {
                let $workload = &mixture::Mixture::new("W6-2x5", 2, 5, 1_000);
                $run
            }
            "W6-10x25" => {
                let $workload = &mixture::Mixture::new("W6-10x25", 10, 25, 1_000);
                $run
            }
            "W7" => {
                let $workload = &formula::Formula::new();
                $run
            }
            "W8" => {
                let $workload = &burgers::Burgers::new(500);
                $run
            }
            other => unreachable!("{other} is not among WORKLOADS"),
        }
    };
}

/// What the command line asks for.
#[derive(Debug, PartialEq)]
struct Request {
    workloads: Vec<&'static str>,
    engines: Vec<&'static str>,
    routes: Vec<&'static str>,
    budget: Duration,
    json: bool,
    task: Task,
}

#[derive(Debug, PartialEq)]
enum Task {
    Table,
    Scaling,
    Compile,
    Threshold,
    Profile(&'static str, &'static str, usize),
    Help,
}

fn known(name: &str, names: &[&'static str], what: &str) -> Result<&'static str, String> {
    let found = names.iter().find(|n| n.eq_ignore_ascii_case(name));
    found.copied().ok_or_else(|| format!("no {what} is called {name:?}; choose from {}", names.join(", ")))
}

impl Request {
    fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut request = Self {
            workloads: Vec::new(),
            engines: Vec::new(),
            routes: Vec::new(),
            budget: Duration::from_secs(6),
            json: false,
            task: Task::Table,
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let mut value = |of: &str| {
                let text = arguments.next().map(String::as_str);
                text.ok_or_else(|| format!("{argument} needs {of}"))
            };
            match argument.as_str() {
                "--help" | "-h" => request.task = Task::Help,
                "--json" => request.json = true,
                "--scaling" => request.task = Task::Scaling,
                "--compile" => request.task = Task::Compile,
                "--threshold" => request.task = Task::Threshold,
                "--engines" => {
                    for name in value("names, separated by commas")?.split(',') {
                        let name = known(name, &[ENGINES, &ROUTES].concat(), "engine")?;
                        let list = if ROUTES.contains(&name) { &mut request.routes } else { &mut request.engines };
                        list.push(name);
                    }
                }
                "--seconds" => {
                    let text = value("a number of seconds")?;
                    let seconds: Option<f64> = text.parse().ok();
                    request.budget = seconds
                        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
                        .ok_or_else(|| format!("--seconds needs a number of seconds, 0 or more, not {text:?}"))?;
                }
                "--profile" => {
                    let workload = known(value("a workload")?, &WORKLOADS, "workload")?;
                    let engine = value("an engine")?;
                    let written = ["P", "H"];
                    let names = [ENGINES, &ROUTES, &written].concat();
                    let engine = known(engine, &names, "engine")?;
                    let count = value("a number of repetitions")?;
                    let count = count.parse().map_err(|_| format!("{count:?} is not a number of repetitions"))?;
                    request.task = Task::Profile(workload, engine, count);
                }
                option if option.starts_with('-') => {
                    return Err(format!("there is no option {option}; see --help"));
                }
                name => {
                    let part = format!("{}-", name.to_ascii_uppercase());
                    let family = |w: &&str| w.eq_ignore_ascii_case(name) || w.to_ascii_uppercase().starts_with(&part);
                    let count = request.workloads.len();
                    request.workloads.extend(WORKLOADS.into_iter().filter(family));
                    if request.workloads.len() == count {
                        known(name, &WORKLOADS, "workload")?;
                    }
                }
            }
        }
        if request.workloads.is_empty() {
            request.workloads = WORKLOADS.to_vec();
        }
        if request.engines.is_empty() && request.routes.is_empty() {
            request.engines = ENGINES.to_vec();
            request.routes = ROUTES.to_vec();
        }
        Ok(request)
    }
}

/// Times the wanted engines and routes, P and H on one workload.
fn table<W: Routes>(workload: &W, request: &Request) -> Result<Vec<Summary>, String> {
    let mut contenders: Vec<Box<dyn Contender + '_>> = Vec::new();
    for &engine in &request.engines {
        contenders.push(with_engine!(engine, E => Box::new(TapeContender::<E, W>::new(workload)?)));
    }
    for &route in &request.routes {
        contenders.extend(workload.route(route)?);
    }
    for form in [Form::Plain, Form::ByHand] {
        contenders.push(Box::new(WrittenContender::new(form, workload)));
    }
    Ok(compete(&mut contenders, request.budget))
}

fn profile<W: Routes>(workload: &W, engine: &str, count: usize) -> Result<(), String> {
    match engine {
        route if ROUTES.contains(&route) => {
            let contender = workload.route(route)?;
            let mut contender =
                contender.ok_or_else(|| format!("{} has no route {route}, or it needs more cores", workload.name()))?;
            contender.run(count);
        }
        "P" => {
            WrittenContender::new(Form::Plain, workload).run(count);
        }
        "H" => {
            WrittenContender::new(Form::ByHand, workload).run(count);
        }
        engine => with_engine!(engine, E => {
            TapeContender::<E, W>::new(workload)?.time_total(count);
        }),
    }
    Ok(())
}

fn cold<E: Engine>() -> Row {
    let total = scaling::cold::<E>(3);
    Row {
        workload: "cold-2e7".to_owned(),
        engine: E::NAME.to_owned(),
        record: None,
        backward: None,
        total,
        median: total,
        unit: "ns/op",
        xreverse: None,
        x_plain: None,
        x_by_hand: None,
        bytes_per_op: None,
        more: Vec::new(),
        rounds: 3,
    }
}

fn run(arguments: &[String]) -> Result<(), String> {
    let request = Request::parse(arguments)?;
    let circumstances = Circumstances::now(arguments);
    let mut all: Vec<Row> = Vec::new();
    let mut show = |new: Vec<Row>| {
        if !request.json {
            for row in &new {
                println!("{row}");
            }
        }
        all.extend(new);
    };
    let header = || {
        if !request.json {
            println!("# {circumstances}");
        }
    };
    match request.task {
        Task::Help => {
            print!("{HELP}");
            return Ok(());
        }
        Task::Profile(workload, engine, count) => {
            return with_workload!(workload, w => profile(w, engine, count));
        }
        Task::Scaling => {
            header();
            for &engine in &request.engines {
                show(with_engine!(engine, E => scaling::warm::<E>(request.budget)?));
            }
            for &engine in &request.engines {
                show(with_engine!(engine, E => vec![cold::<E>()]));
            }
        }
        Task::Compile => {
            header();
            show(compiling(request.budget)?);
        }
        Task::Threshold => {
            header();
            show(threshold(request.budget));
        }
        Task::Table => {
            header();
            for &name in &request.workloads {
                let new = with_workload!(name, w => rows(name, w.ops(), w.inputs().len(), &table(w, &request)?));
                show(new);
            }
        }
    }
    if request.json {
        let whole = json!({
            "machine": circumstances.machine,
            "cores": circumstances.cores,
            "date": circumstances.date,
            "command": circumstances.command,
            "rows": all,
        });
        println!("{whole:#}");
    }
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ratios: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Request, String> {
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Request::parse(&arguments)
    }

    #[test]
    fn a_family_name_selects_its_members() {
        assert_eq!(parse("w2 W5").unwrap().workloads, ["W2", "W2-5M", "W5"]);
        assert_eq!(parse("W6").unwrap().workloads, ["W6-2x5", "W6-10x25"]);
        assert_eq!(parse("W4-dot").unwrap().workloads, ["W4-dot"]);
        assert_eq!(parse("").unwrap().workloads, WORKLOADS);
    }

    #[test]
    fn bad_names_and_values_are_errors_that_say_what_there_is() {
        for (line, word) in [
            ("W9", "W6-10x25"),
            ("W", "W1"),
            ("--engines nobody", "echidna"),
            ("--engines", "needs"),
            ("--seconds soon", "number"),
            ("--seconds -1", "number"),
            ("--profile W4 reverse many", "repetitions"),
            ("--profile W4", "engine"),
            ("--fast", "--help"),
        ] {
            let error = parse(line).unwrap_err();
            assert!(error.contains(word), "{line}: {error}");
        }
    }

    #[test]
    fn engines_and_routes_are_named_alike() {
        let request = parse("--engines wengert,hvp,program-fused").unwrap();
        assert_eq!(request.engines, ["wengert"]);
        assert_eq!(request.routes, ["hvp", "program-fused"]);
        assert_eq!(parse("").unwrap().routes, ROUTES);
        assert_eq!(parse("--profile W5 program 3").unwrap().task, Task::Profile("W5", "program", 3));
    }

    #[test]
    fn the_help_names_every_engine_route_and_workload() {
        for name in [ENGINES, &ROUTES, &WORKLOADS].concat() {
            assert!(HELP.split_whitespace().any(|word| word.trim_end_matches(';') == name), "{name}");
        }
    }

    #[test]
    fn a_profile_names_one_workload_and_one_engine() {
        let request = parse("--profile w4 reverse 10").unwrap();
        assert_eq!(request.task, Task::Profile("W4", "reverse", 10));
        assert_eq!(parse("--profile W1 H 1").unwrap().task, Task::Profile("W1", "H", 1));
    }
}
