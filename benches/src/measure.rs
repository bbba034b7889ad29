//! Timing: contenders take turns in rounds, and the minimum and median of the rounds count.
//!
//! All contenders of a workload run in one process on one core. A round times each of them once,
//! in an order that rotates from round to round, so that a slow moment of the machine hits none of
//! them in particular and the minima are comparable.

use crate::engines::Engine;
use crate::workloads::Workload;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Nanoseconds of one repetition.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Times {
    /// Recording alone; absent for what does not record.
    pub record: Option<f64>,
    /// The sweep alone; absent too where it was not timed on its own.
    pub backward: Option<f64>,
    /// Everything.
    pub total: f64,
}

/// Which time of a contender others are compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Everything.
    Total,
    /// The sweep alone.
    Backward,
}

/// A contender of the same run with which another is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Yardstick {
    /// The name of the ratio.
    pub label: &'static str,
    /// The contender in the denominator.
    pub contender: &'static str,
    /// Which of its times.
    pub part: Part,
}

/// A figure other than a time, and its name.
pub type Figure = (&'static str, f64);

/// Something to be timed that evaluates a workload.
pub trait Contender {
    /// Short name, as on the command line.
    fn name(&self) -> &str;

    /// What it is compared with, besides `reverse`, P and H.
    fn yardsticks(&self) -> &'static [Yardstick] {
        &[]
    }

    /// Figures of its own, read after it ran.
    fn figures(&self) -> Vec<Figure> {
        Vec::new()
    }

    /// Runs `repetitions` evaluations and returns the mean times of one.
    fn run(&mut self, repetitions: usize) -> Times;

    /// Bytes of the buffers in use, for a tape.
    fn bytes(&self) -> Option<usize> {
        None
    }
}

/// With fewer operations than this, reading the clock within a repetition would distort it. Then the phases are timed
/// in two loops of many repetitions.
const SHORT: usize = 100;

/// A tape on a workload.
#[derive(Debug)]
pub struct TapeContender<'w, E, W> {
    engine: E,
    workload: &'w W,
    gradient: Vec<f64>,
    next: usize,
}

impl<'w, E: Engine, W: Workload> TapeContender<'w, E, W> {
    /// A fresh tape, its gradient checked.
    ///
    /// # Errors
    /// A message, if the engine's gradient differs from the hand-written one.
    pub fn new(workload: &'w W) -> Result<Self, String> {
        let mut engine = E::new(workload.ops());
        crate::engines::check(&mut engine, workload)?;
        Ok(Self { engine, workload, gradient: vec![0.0; workload.inputs().len()], next: 0 })
    }

    fn turn(&mut self) -> usize {
        let case = self.next;
        // Without a division, which takes as long as recording a node.
        self.next = if case + 1 < self.workload.cases() { case + 1 } else { 0 };
        case
    }

    /// Times `repetitions` recordings without a sweep.
    pub fn time_record(&mut self, repetitions: usize) -> Duration {
        let start = Instant::now();
        for _ in 0..repetitions {
            let case = self.turn();
            black_box(self.engine.record(black_box(self.workload), case));
        }
        start.elapsed()
    }

    /// Times `repetitions` recordings with their sweeps.
    pub fn time_total(&mut self, repetitions: usize) -> Duration {
        let start = Instant::now();
        for _ in 0..repetitions {
            let case = self.turn();
            let workload = black_box(self.workload);
            black_box(self.engine.gradient(workload, case, &mut self.gradient, || {}));
            black_box(&self.gradient);
        }
        start.elapsed()
    }

    /// Times `repetitions` recordings with their sweeps, the clock read between the two.
    pub fn time_phases(&mut self, repetitions: usize) -> (Duration, Duration) {
        let (mut record, mut backward) = (Duration::ZERO, Duration::ZERO);
        for _ in 0..repetitions {
            let case = self.turn();
            let workload = black_box(self.workload);
            let start = Instant::now();
            let mut recorded = start;
            let value = self.engine.gradient(workload, case, &mut self.gradient, || {
                recorded = Instant::now();
            });
            let end = Instant::now();
            black_box(value);
            black_box(&self.gradient);
            record += recorded - start;
            backward += end - recorded;
        }
        (record, backward)
    }

    /// Bytes of the buffers in use after a gradient, adjoints included.
    pub fn bytes_in_use(&self) -> usize {
        self.engine.bytes(self.workload)
    }
}

/// Nanoseconds of one repetition.
pub(crate) fn mean(time: Duration, repetitions: usize) -> f64 {
    time.as_nanos() as f64 / repetitions as f64
}

impl<E: Engine, W: Workload> Contender for TapeContender<'_, E, W> {
    fn name(&self) -> &str {
        E::NAME
    }

    fn run(&mut self, repetitions: usize) -> Times {
        if self.workload.ops() < SHORT {
            let record = self.time_record(repetitions);
            let total = self.time_total(repetitions);
            Times { record: Some(mean(record, repetitions)), backward: None, total: mean(total, repetitions) }
        } else {
            let (record, backward) = self.time_phases(repetitions);
            Times {
                record: Some(mean(record, repetitions)),
                backward: Some(mean(backward, repetitions)),
                total: mean(record + backward, repetitions),
            }
        }
    }

    fn bytes(&self) -> Option<usize> {
        Some(self.bytes_in_use())
    }
}

/// Which of the two written-out forms is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// P: the value alone.
    Plain,
    /// H: value and gradient.
    ByHand,
}

/// P or H on a workload.
#[derive(Debug)]
pub struct WrittenContender<'w, W: Workload> {
    form: Form,
    workload: &'w W,
    scratch: W::Scratch,
    gradient: Vec<f64>,
    next: usize,
}

impl<'w, W: Workload> WrittenContender<'w, W> {
    /// The given form of a workload.
    pub fn new(form: Form, workload: &'w W) -> Self {
        Self { form, workload, scratch: workload.scratch(), gradient: vec![0.0; workload.inputs().len()], next: 0 }
    }
}

impl<W: Workload> Contender for WrittenContender<'_, W> {
    fn name(&self) -> &str {
        match self.form {
            Form::Plain => "P",
            Form::ByHand => "H",
        }
    }

    fn run(&mut self, repetitions: usize) -> Times {
        let start = Instant::now();
        for _ in 0..repetitions {
            let case = self.next;
            self.next = (case + 1) % self.workload.cases();
            let workload = black_box(self.workload);
            let x = black_box(workload.inputs());
            match self.form {
                Form::Plain => {
                    black_box(workload.plain(case, x, &mut self.scratch));
                }
                Form::ByHand => {
                    let gradient = &mut self.gradient;
                    black_box(workload.by_hand(case, x, &mut self.scratch, gradient));
                    black_box(&self.gradient);
                }
            }
        }
        Times { record: None, backward: None, total: mean(start.elapsed(), repetitions) }
    }
}

/// The results of a contender, in nanoseconds of one repetition.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The contender's name.
    pub name: String,
    /// Minimum over the rounds of recording alone.
    pub record: Option<f64>,
    /// Minimum over the rounds of the sweep alone; if it was not timed, the minimum of the whole minus that of
    /// recording.
    pub backward: Option<f64>,
    /// Minimum over the rounds of the whole.
    pub total: f64,
    /// Median over the rounds of the whole.
    pub median: f64,
    /// The number of rounds.
    pub rounds: usize,
    /// Bytes in use.
    pub bytes: Option<usize>,
    /// What it is compared with, besides `reverse`, P and H.
    pub yardsticks: &'static [Yardstick],
    /// Figures other than times.
    pub figures: Vec<Figure>,
}

/// At least this many rounds, however long they take.
const FEWEST_ROUNDS: usize = 3;
/// At most this many, however short they are.
const MOST_ROUNDS: usize = 500;
/// How long a contender's turn in a round should last.
const TURN: Duration = Duration::from_millis(2);

/// Lets the contenders take turns for about `budget`, and summarizes their times.
pub fn compete(contenders: &mut [Box<dyn Contender + '_>], budget: Duration) -> Vec<Summary> {
    let start = Instant::now();
    // A first run warms buffers and caches, and gives the number of repetitions for a turn.
    let repetitions: Vec<usize> = contenders
        .iter_mut()
        .map(|contender| {
            let mut repetitions = 1;
            loop {
                let times = contender.run(repetitions);
                let spent = Duration::from_nanos((times.total * repetitions as f64) as u64);
                if spent >= TURN / 4 || repetitions >= 1 << 20 {
                    let wanted = TURN.as_nanos() as f64 / times.total.max(1.0);
                    return (wanted as usize).max(1);
                }
                repetitions *= 4;
            }
        })
        .collect();

    let count = contenders.len();
    let mut times: Vec<Vec<Times>> = vec![Vec::new(); count];
    let mut round = 0;
    while round < FEWEST_ROUNDS || (start.elapsed() < budget && round < MOST_ROUNDS) {
        for turn in 0..count {
            let i = (turn + round) % count;
            times[i].push(contenders[i].run(repetitions[i]));
        }
        round += 1;
    }

    contenders
        .iter()
        .zip(times)
        .map(|(contender, times)| {
            let least = |of: &dyn Fn(&Times) -> Option<f64>| times.iter().filter_map(of).min_by(f64::total_cmp);
            let mut totals: Vec<f64> = times.iter().map(|t| t.total).collect();
            totals.sort_by(f64::total_cmp);
            let record = least(&|t| t.record);
            let backward = least(&|t| t.backward);
            Summary {
                name: contender.name().to_owned(),
                record,
                backward: backward.or(record.map(|record| totals[0] - record)),
                total: totals[0],
                median: totals[totals.len() / 2],
                rounds: round,
                bytes: contender.bytes(),
                yardsticks: contender.yardsticks(),
                figures: contender.figures(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engines::reverse::Reverse;
    use crate::workloads::chain::Chain;

    #[test]
    fn contenders_take_turns_and_are_summed_up() {
        let chain = Chain::new("W2", 200);
        let mut contenders: Vec<Box<dyn Contender>> = vec![
            Box::new(TapeContender::<Reverse, _>::new(&chain).unwrap()),
            Box::new(WrittenContender::new(Form::Plain, &chain)),
            Box::new(WrittenContender::new(Form::ByHand, &chain)),
        ];
        let summaries = compete(&mut contenders, Duration::from_millis(1));
        let names: Vec<&str> = summaries.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(names, ["reverse", "P", "H"]);
        for summary in &summaries {
            assert!(summary.rounds >= FEWEST_ROUNDS);
            assert!(summary.total > 0.0 && summary.total <= summary.median);
        }
        assert!(summaries[0].record.is_some_and(|record| record < summaries[0].total));
        assert_eq!(summaries[0].bytes, Some(802 * 40));
        assert_eq!(summaries[1].record, None);
    }
}
