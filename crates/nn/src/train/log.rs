//! How training went, as data: what `wengert_viz::training_page` draws.

use crate::net::Mlp;

/// About how many snapshots a training has.
const SNAPSHOTS: usize = 50;
/// The most snapshots after the planned steps.
const MOST: usize = 2 * SNAPSHOTS;
/// How many bars a histogram has.
const BARS: usize = 31;

/// How training went: the loss and the accuracy of each step, and now and then a snapshot.
///
/// ```
/// use wengert_nn::{Mlp, TrainingLog};
///
/// let net = Mlp::with_layers(2, &[(4, "tanh".parse()?), (1, "linear".parse()?)], 1)?;
/// let mut log = TrainingLog::new(100);
/// for step in 0..3 {
///     log.record(step, 1.0 / (step + 1) as f64, Some(0.5));
///     if log.wants_snapshot(step) {
///         log.snapshot(step, &net, &vec![0.0; net.parameters().len()]);
///     }
/// }
/// assert_eq!((log.steps().len(), log.snapshots().len()), (3, 2));
/// assert_eq!(log.snapshots()[0].layers[1].weights.counts.iter().sum::<usize>(), 4 + 1);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrainingLog {
    planned: usize,
    steps: Vec<LoggedStep>,
    snapshots: Vec<Snapshot>,
    /// How often every other snapshot was dropped.
    halvings: u32,
    points: Vec<([f64; 2], f64)>,
}

/// A step of training.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct LoggedStep {
    /// How many updates came before it: 0 for the loss at the start.
    pub step: usize,
    /// The loss after these updates.
    pub loss: f64,
    /// The share of examples that are classified correctly, from 0 to 1, if it was computed.
    pub accuracy: Option<f64>,
}

/// A net at a step.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Snapshot {
    /// How many updates came before it.
    pub step: usize,
    /// For each layer, how its parameters and their derivatives are distributed.
    pub layers: Vec<LayerSpread>,
    /// The net's score over the plane, where it was sampled.
    pub plane: Option<Plane>,
}

/// How the numbers of a layer are distributed.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LayerSpread {
    /// What the layer is: `layer 1: 16 relu`.
    pub name: String,
    /// Its weights and biases.
    pub weights: Histogram,
    /// The derivatives of the loss with respect to them.
    pub gradients: Histogram,
}

/// How many numbers fall in each range of size.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Histogram {
    /// Where the first bar begins, and where the last one ends.
    pub range: (f64, f64),
    /// How many numbers each bar has; all bars are equally wide.
    pub counts: Vec<usize>,
    /// How many numbers are NaN or infinite, and in no bar.
    pub not_finite: usize,
}

/// Scores over a part of the plane.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Plane {
    /// The range of `x` that it covers.
    pub x: (f64, f64),
    /// The range of `y` that it covers.
    pub y: (f64, f64),
    /// How many samples stand in a row.
    pub columns: usize,
    /// The scores row by row: rows from the lowest `y` to the highest, each from the lowest `x` to the highest.
    pub scores: Vec<f32>,
}

impl TrainingLog {
    /// The log of a training of `planned` updates: 0 if the number is not known.
    ///
    /// ```
    /// assert_eq!(wengert_nn::TrainingLog::new(100).planned(), 100);
    /// ```
    pub fn new(planned: usize) -> TrainingLog {
        TrainingLog { planned, ..TrainingLog::default() }
    }

    /// Adds points to draw over the sampled planes, each with a number whose sign is its class.
    ///
    /// ```
    /// let log = wengert_nn::TrainingLog::new(100).with_points([([0.0, 1.0], 1.0), ([1.0, 0.0], -1.0)]);
    /// assert_eq!(log.points().len(), 2);
    /// ```
    pub fn with_points(self, points: impl IntoIterator<Item = ([f64; 2], f64)>) -> TrainingLog {
        TrainingLog { points: points.into_iter().collect(), ..self }
    }

    /// How many updates are planned; 0 if the number is not known.
    ///
    /// ```
    /// assert_eq!(wengert_nn::TrainingLog::new(100).planned(), 100);
    /// ```
    pub fn planned(&self) -> usize {
        self.planned
    }

    /// The steps so far, in the order they were recorded.
    ///
    /// ```
    /// let mut log = wengert_nn::TrainingLog::new(100);
    /// log.record(0, 0.7, Some(0.5));
    /// assert_eq!((log.steps()[0].step, log.steps()[0].loss), (0, 0.7));
    /// ```
    pub fn steps(&self) -> &[LoggedStep] {
        &self.steps
    }

    /// The loss of each step. `wengert_viz::curve_svg("loss", &log.losses())` draws them, and
    /// `wengert_viz::terminal_chart` does so in a terminal.
    ///
    /// ```
    /// let mut log = wengert_nn::TrainingLog::new(2);
    /// log.record(0, 1.0, None);
    /// log.record(1, 0.5, None);
    /// assert_eq!(log.losses(), [1.0, 0.5]);
    /// ```
    pub fn losses(&self) -> Vec<f64> {
        self.steps.iter().map(|step| step.loss).collect()
    }

    /// The snapshots so far, in the order they were taken.
    ///
    /// ```
    /// use wengert_nn::{Mlp, TrainingLog};
    ///
    /// let net = Mlp::new(2, &[3, 1], 0)?;
    /// let mut log = TrainingLog::new(100);
    /// log.snapshot(0, &net, &vec![0.0; net.parameters().len()]);
    /// assert_eq!(log.snapshots()[0].layers.len(), 2);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn snapshots(&self) -> &[Snapshot] {
        &self.snapshots
    }

    /// The points of the plane.
    ///
    /// ```
    /// let log = wengert_nn::TrainingLog::new(100).with_points([([0.0, 1.0], -1.0)]);
    /// assert_eq!(log.points(), [([0.0, 1.0], -1.0)]);
    /// ```
    pub fn points(&self) -> &[([f64; 2], f64)] {
        &self.points
    }

    /// Adds the loss, and the accuracy if it was computed, after `step` updates.
    ///
    /// ```
    /// let mut log = wengert_nn::TrainingLog::new(100);
    /// log.record(0, 0.7, Some(0.5));
    /// assert_eq!(log.steps()[0].accuracy, Some(0.5));
    /// ```
    pub fn record(&mut self, step: usize, loss: f64, accuracy: Option<f64>) {
        self.steps.push(LoggedStep { step, loss, accuracy });
    }

    /// Whether to take a snapshot after so many updates: about fifty in all, the first and the last included. If the
    /// number of updates is not known, or is exceeded, snapshots become rarer: see [`TrainingLog::snapshot`].
    ///
    /// ```
    /// let log = wengert_nn::TrainingLog::new(100);
    /// assert_eq!((0..=100).filter(|&step| log.wants_snapshot(step)).count(), 51);
    /// ```
    pub fn wants_snapshot(&self, step: usize) -> bool {
        let stride = self.planned.div_ceil(SNAPSHOTS).max(1).checked_shl(self.halvings).unwrap_or(usize::MAX);
        step == self.planned || step.is_multiple_of(stride)
    }

    /// Adds a snapshot of a net after `step` updates, with the derivative of the loss with respect to each of its
    /// parameters. Drops every other of the earlier ones where a hundred of them would be exceeded after more updates than
    /// were planned, so that training without an end does not fill the memory.
    ///
    /// ```
    /// use wengert_nn::{Mlp, TrainingLog};
    ///
    /// let net = Mlp::new(2, &[3, 1], 0)?;
    /// let mut log = TrainingLog::new(100);
    /// log.snapshot(0, &net, &vec![0.0; net.parameters().len()]);
    /// assert_eq!(log.snapshots()[0].step, 0);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    ///
    /// # Panics
    /// Where there are not as many derivatives as parameters.
    #[track_caller]
    pub fn snapshot(&mut self, step: usize, net: &Mlp, gradient: &[f64]) {
        assert_eq!(gradient.len(), net.parameters().len(), "derivatives given, and parameters of the net");
        let mut start = 0;
        let layers = net.layers().iter().enumerate().map(|(k, layer)| {
            let own = start..start + layer.parameter_count();
            start = own.end;
            LayerSpread {
                name: format!("layer {}: {} {}", k + 1, layer.width(), layer.neuron().activation().name()),
                weights: Histogram::new(&net.parameters()[own.clone()]),
                gradients: Histogram::new(&gradient[own]),
            }
        });
        let layers = layers.collect();
        if step > self.planned && self.snapshots.len() >= MOST {
            let mut number = 0..;
            self.snapshots.retain(|_| number.next().is_some_and(|number: usize| number.is_multiple_of(2)));
            self.halvings += 1;
        }
        self.snapshots.push(Snapshot { step, layers, plane: None });
    }

    /// Adds scores over the plane to the last snapshot: `score` at `columns` by `rows` places.
    ///
    /// ```
    /// use wengert_nn::{Mlp, TrainingLog};
    ///
    /// let net = Mlp::new(2, &[3, 1], 0)?;
    /// let mut log = TrainingLog::new(100);
    /// log.snapshot(0, &net, &vec![0.0; net.parameters().len()]);
    /// log.sample_plane((-1.0, 1.0), (0.0, 2.0), [3, 2], |point| net.predict(&point)[0]);
    /// assert_eq!(log.snapshots()[0].plane.as_ref().unwrap().scores.len(), 6);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    ///
    /// # Panics
    /// Where there is no snapshot yet, with fewer than two columns or rows, and where a range is empty or not finite.
    #[track_caller]
    pub fn sample_plane(
        &mut self,
        x: (f64, f64),
        y: (f64, f64),
        [columns, rows]: [usize; 2],
        score: impl Fn([f64; 2]) -> f64,
    ) {
        assert!(columns >= 2 && rows >= 2, "a plane needs at least two columns and rows");
        for (axis, (from, to)) in [("x", x), ("y", y)] {
            let is_range = from < to && (to - from).is_finite();
            assert!(is_range, "the range of {axis} is {from} to {to}; it must be finite and begin below its end");
        }
        let last = self.snapshots.last_mut().expect("take a snapshot before sampling the plane");
        let at = |(from, to): (f64, f64), k: usize, count: usize| from + (to - from) * k as f64 / (count - 1) as f64;
        let scores = (0..rows * columns)
            .map(|k| score([at(x, k % columns, columns), at(y, k / columns, rows)]) as f32)
            .collect();
        last.plane = Some(Plane { x, y, columns, scores });
    }
}

impl Histogram {
    /// The histogram of these numbers, with bars from the least to the largest.
    ///
    /// ```
    /// let histogram = wengert_nn::Histogram::new(&[1.0, 2.0, 2.5, f64::NAN]);
    /// assert_eq!(histogram.counts.iter().sum::<usize>(), 3);
    /// assert_eq!(histogram.not_finite, 1);
    /// ```
    pub fn new(numbers: &[f64]) -> Histogram {
        let finite = numbers.iter().copied().filter(|x| x.is_finite());
        let (low, high) =
            finite.clone().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
        let mut counts = vec![0; BARS];
        let mut known = 0;
        for x in finite {
            // Halves, since the difference of two finite numbers may overflow.
            let part = (0.5 * x - 0.5 * low) / (0.5 * high - 0.5 * low);
            let bar = if part.is_finite() { (part * BARS as f64) as usize } else { BARS / 2 };
            counts[bar.min(BARS - 1)] += 1;
            known += 1;
        }
        Histogram { range: if known > 0 { (low, high) } else { (0.0, 0.0) }, counts, not_finite: numbers.len() - known }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_counts_every_number_once() {
        let numbers = [0.0, 1.0, 0.5, 0.5, f64::NAN, f64::INFINITY];
        let histogram = Histogram::new(&numbers);
        assert_eq!(histogram.range, (0.0, 1.0));
        assert_eq!((histogram.counts[0], histogram.counts[15], histogram.counts[30]), (1, 2, 1));
        assert_eq!((histogram.counts.iter().sum::<usize>(), histogram.not_finite), (4, 2));
    }

    #[test]
    fn numbers_that_are_all_one_and_numbers_that_are_far_apart_have_histograms() {
        assert_eq!(Histogram::new(&[2.0; 5]).counts[BARS / 2], 5);
        let far = Histogram::new(&[f64::MIN, 0.0, f64::MAX]);
        assert_eq!((far.counts[0], far.counts[15], far.counts[30]), (1, 1, 1));
        assert_eq!(Histogram::new(&[]).counts, [0; BARS]);
        assert_eq!(Histogram::new(&[f64::NAN]).not_finite, 1);
    }

    #[test]
    fn snapshots_are_about_fifty_with_the_first_and_the_last() {
        for planned in [0, 1, 49, 50, 100, 12_345] {
            let log = TrainingLog::new(planned);
            let wanted: Vec<usize> = (0..=planned).filter(|&step| log.wants_snapshot(step)).collect();
            assert_eq!((wanted.first(), wanted.last()), (Some(&0), Some(&planned)));
            assert!(wanted.len() <= SNAPSHOTS + 2, "{planned}: {}", wanted.len());
        }
    }

    #[test]
    fn a_training_without_an_end_keeps_a_bounded_number_of_snapshots() {
        let net = Mlp::with_layers(2, &[(1, "linear".parse().unwrap())], 1).unwrap();
        for planned in [0, 10] {
            let mut log = TrainingLog::new(planned);
            for step in (0..20_000).chain([20_001]) {
                if log.wants_snapshot(step) || step == 20_001 {
                    log.snapshot(step, &net, &[0.0; 3]);
                }
            }
            let steps: Vec<usize> = log.snapshots().iter().map(|snapshot| snapshot.step).collect();
            assert!((SNAPSHOTS..=MOST).contains(&steps.len()), "{steps:?}");
            assert!(steps.is_sorted() && steps[0] == 0 && steps.ends_with(&[20_001]), "{steps:?}");
            let apart = steps.windows(2).map(|two| two[1] - two[0]).max().unwrap();
            assert!(apart <= 20_000 / SNAPSHOTS, "{apart}");
        }
    }

    #[test]
    fn a_plane_without_a_range_is_refused() {
        let net = Mlp::with_layers(2, &[(1, "linear".parse().unwrap())], 1).unwrap();
        let mut log = TrainingLog::new(1);
        log.snapshot(0, &net, &[0.0; 3]);
        let before = log.clone();
        for range in [(1.0, 1.0), (2.0, 1.0), (f64::NAN, 1.0), (0.0, f64::INFINITY), (f64::MIN, f64::MAX)] {
            for (x, y) in [(range, (0.0, 1.0)), ((0.0, 1.0), range)] {
                let sampled = std::panic::AssertUnwindSafe(|| log.sample_plane(x, y, [2, 2], |_| 0.0));
                let panic = std::panic::catch_unwind(sampled).unwrap_err();
                let text = panic.downcast_ref::<String>().unwrap();
                assert!(
                    text.starts_with("the range of ") && text.contains(&format!("{} to {}", range.0, range.1)),
                    "{text}"
                );
            }
        }
        assert_eq!(log, before);
    }

    #[test]
    fn a_plane_is_sampled_row_by_row_from_corner_to_corner() {
        let net = Mlp::with_layers(2, &[(1, "linear".parse().unwrap())], 1).unwrap();
        let mut log = TrainingLog::new(1);
        log.snapshot(0, &net, &[0.0; 3]);
        log.sample_plane((0.0, 2.0), (10.0, 20.0), [3, 2], |[x, y]| x + y);
        let plane = log.snapshots()[0].plane.as_ref().unwrap();
        assert_eq!(plane.scores, [10.0, 11.0, 12.0, 20.0, 21.0, 22.0]);
    }
}
