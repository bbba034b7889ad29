//! A page about training that is written again and again while a net learns.

use std::error::Error;
use std::time::{Duration, Instant};

use wengert_nn::{Mlp, TrainingLog};
use wengert_viz::training_page;

use crate::chart::shown;
use crate::data::Moons;
use crate::folder::Folder;
use crate::training::Watched;

/// The file name, and its description in the list of files.
const NAME: &str = "training.html";
const WHAT: &str = "how it learned: loss, boundary, weights and derivatives over time";

/// How many places of the plane are sampled.
const SAMPLES: [usize; 2] = [81, 55];

/// The shortest time between two writes of the page during training.
const PAUSE: Duration = Duration::from_millis(700);

/// Keeps the log of a training and writes its page.
pub(crate) struct Journal<'a> {
    moons: &'a Moons,
    net: Mlp,
    log: TrainingLog,
    written: Instant,
}

impl<'a> Journal<'a> {
    pub(crate) fn new(moons: &'a Moons, steps: usize) -> Journal<'a> {
        let points = moons.points.iter().copied().zip(moons.classes.iter().copied());
        Journal {
            moons,
            net: moons.net.clone(),
            log: TrainingLog::new(steps).with_points(points),
            written: Instant::now(),
        }
    }

    /// Notes a step, and writes the page if it is time to.
    pub(crate) fn note(&mut self, watched: Watched<'_>, folder: &mut Folder) -> Result<(), Box<dyn Error>> {
        self.log.record(watched.step, watched.loss, Some(watched.accuracy));
        if self.log.wants_snapshot(watched.step) {
            self.net.set_parameters(watched.parameters)?;
            self.log.snapshot(watched.step, &self.net, watched.gradient);
            let [x, y] = shown(self.moons);
            let net = &self.net;
            self.log.sample_plane(x, y, SAMPLES, |x| net.predict(&x)[0]);
        }
        if watched.step == self.log.planned() || self.written.elapsed() > PAUSE {
            self.written = Instant::now();
            folder.write(NAME, WHAT, &training_page(&self.log, "The moons, step by step"))?;
        }
        Ok(())
    }
}
