//! How training went, as a page.

use serde::Serialize;
use wengert_nn::{Histogram, Plane, TrainingLog};

use super::{column, filled, packed, style};
use crate::label::printable;
use crate::look::escape::xml;

const PAGE: &str = include_str!("training/page.html");
const STYLE: &str = include_str!("training/page.css");
const SCRIPTS: [&str; 4] = [
    include_str!("unpack.js"),
    include_str!("training/curves.js"),
    include_str!("training/snapshots.js"),
    include_str!("training/main.js"),
];

#[derive(Serialize)]
struct Data {
    planned: usize,
    step: String,
    loss: String,
    /// NaN where it was not computed.
    accuracy: String,
    snapshots: Vec<SnapshotData>,
    points: Vec<[f64; 3]>,
}

#[derive(Serialize)]
struct SnapshotData {
    step: usize,
    layers: Vec<LayerData>,
    plane: Option<PlaneData>,
}

#[derive(Serialize)]
struct LayerData {
    name: String,
    weights: HistogramData,
    gradients: HistogramData,
}

#[derive(Serialize)]
struct HistogramData {
    range: (f64, f64),
    counts: Vec<usize>,
    not_finite: usize,
}

#[derive(Serialize)]
struct PlaneData {
    x: (f64, f64),
    y: (f64, f64),
    columns: usize,
    scores: String,
}

/// A page of how training went: the loss and the accuracy over the steps, and, at the step set by a slider, the net's
/// score over the plane and the spread of its parameters and their derivatives. A single file, which loads no other.
///
/// Write it again during training, over the same file: reloading the page shows the new steps. O(steps + snapshots).
///
/// ```
/// use wengert_nn::TrainingLog;
///
/// let mut log = TrainingLog::new(10);
/// (0..10).for_each(|step| log.record(step, 1.0 / (step + 1) as f64, None));
/// assert!(wengert_viz::training_page(&log, "ten steps").starts_with("<!doctype html>"));
/// ```
pub fn training_page(log: &TrainingLog, title: &str) -> String {
    let accuracy = log.steps().iter().map(|step| step.accuracy.unwrap_or(f64::NAN));
    let data = Data {
        planned: log.planned(),
        step: column(log.steps().iter().map(|step| (step.step as f64).to_le_bytes())),
        loss: column(log.steps().iter().map(|step| step.loss.to_le_bytes())),
        accuracy: column(accuracy.map(f64::to_le_bytes)),
        snapshots: log
            .snapshots()
            .iter()
            .map(|snapshot| SnapshotData {
                step: snapshot.step,
                layers: snapshot
                    .layers
                    .iter()
                    .map(|layer| LayerData {
                        name: printable(&layer.name),
                        weights: histogram(&layer.weights),
                        gradients: histogram(&layer.gradients),
                    })
                    .collect(),
                plane: snapshot.plane.as_ref().map(plane),
            })
            .collect(),
        points: log.points().iter().map(|&([x, y], class)| [x, y, class]).collect(),
    };
    filled(
        PAGE,
        &[
            ("title", &xml(title)),
            ("style", &(style() + STYLE)),
            ("data", &packed(&data)),
            ("script", &SCRIPTS.concat()),
        ],
    )
}

fn histogram(spread: &Histogram) -> HistogramData {
    HistogramData { range: spread.range, counts: spread.counts.clone(), not_finite: spread.not_finite }
}

fn plane(plane: &Plane) -> PlaneData {
    PlaneData {
        x: plane.x,
        y: plane.y,
        columns: plane.columns,
        scores: column(plane.scores.iter().map(|score| score.to_le_bytes())),
    }
}
