//! The output of a run: one line per workload and engine, or JSON.

use crate::measure::{Part, Summary};
use serde::{Serialize, Serializer};
use std::time::{SystemTime, UNIX_EPOCH};

/// One line of the table. Times are in `unit`; absent figures do not apply.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The workload's name.
    pub workload: String,
    /// The engine's name; P and H are the plain and the hand-written form.
    pub engine: String,
    /// Minimum of recording.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<f64>,
    /// Minimum of the sweep back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backward: Option<f64>,
    /// Minimum of the whole.
    pub total: f64,
    /// Median of the whole.
    pub median: f64,
    /// "ns/op", or "ns" of a repetition.
    pub unit: &'static str,
    /// `total` as a multiple of that of the crate `reverse` in the same run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub xreverse: Option<f64>,
    /// `total` as a multiple of P.
    #[serde(rename = "xP", skip_serializing_if = "Option::is_none")]
    pub x_plain: Option<f64>,
    /// `total` as a multiple of H.
    #[serde(rename = "xH", skip_serializing_if = "Option::is_none")]
    pub x_by_hand: Option<f64>,
    /// Bytes of the buffers in use, adjoints included, over the operations and inputs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_per_op: Option<f64>,
    /// Ratios to other contenders, and figures other than times, by name.
    #[serde(flatten, serialize_with = "by_name")]
    pub more: Vec<(&'static str, f64)>,
    /// The number of rounds.
    pub rounds: usize,
}

fn by_name<S: Serializer>(figures: &[(&'static str, f64)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(figures.iter().copied())
}

/// Turns the summaries of one workload's contenders into rows: in ns per operation, or, for a
/// workload of fewer than 100 operations, in ns per repetition.
pub fn rows(workload: &str, ops: usize, inputs: usize, summaries: &[Summary]) -> Vec<Row> {
    let (unit, scale) = if ops < 100 { ("ns", 1.0) } else { ("ns/op", 1.0 / ops as f64) };
    let named = |name: &str| summaries.iter().find(|s| s.name == name);
    let total_of = |name: &str| named(name).map(|s| s.total);
    let (reverse, plain, by_hand) = (total_of("reverse"), total_of("P"), total_of("H"));
    summaries
        .iter()
        .map(|summary| {
            let written = summary.name == "P" || summary.name == "H";
            let against = |other: Option<f64>| other.filter(|_| !written).map(|other| summary.total / other);
            let multiples = summary.yardsticks.iter().filter_map(|yardstick| {
                let other = named(yardstick.contender)?;
                let other = match yardstick.part {
                    Part::Total => other.total,
                    Part::Backward => other.backward?,
                };
                Some((yardstick.label, summary.total / other))
            });
            Row {
                workload: workload.to_owned(),
                engine: summary.name.clone(),
                record: summary.record.map(|t| t * scale),
                backward: summary.backward.map(|t| t * scale),
                total: summary.total * scale,
                median: summary.median * scale,
                unit,
                xreverse: against(reverse),
                x_plain: against(plain),
                x_by_hand: against(by_hand),
                bytes_per_op: summary.bytes.map(|bytes| bytes as f64 / (ops + inputs) as f64),
                more: multiples.chain(summary.figures.iter().copied()).collect(),
                rounds: summary.rounds,
            }
        })
        .collect()
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = if self.unit == "ns" { 1 } else { 2 };
        write!(f, "{} {}", self.workload, self.engine)?;
        if let (Some(record), Some(backward)) = (self.record, self.backward) {
            write!(f, " record {record:.digits$} backward {backward:.digits$}")?;
        }
        write!(f, " total {:.digits$} {}", self.total, self.unit)?;
        if let Some(x) = self.xreverse {
            write!(f, " xreverse {x:.2}")?;
        }
        if let Some(x) = self.x_plain {
            write!(f, " xP {x:.1}")?;
        }
        if let Some(x) = self.x_by_hand {
            write!(f, " xH {x:.2}")?;
        }
        if let Some(bytes) = self.bytes_per_op {
            write!(f, " bytes/op {bytes:.1}")?;
        }
        for (name, figure) in &self.more {
            let digits = if figure.fract() == 0.0 { 0 } else { 2 };
            write!(f, " {name} {figure:.digits$}")?;
        }
        write!(f, " median {:.digits$}", self.median)
    }
}

/// Where and when a run was made, and how to repeat it.
#[derive(Clone, Debug, Serialize)]
pub struct Circumstances {
    /// The processor's name, where the system tells it.
    pub machine: String,
    /// Cores that this process may use.
    pub cores: usize,
    /// Year, month and day, in UTC.
    pub date: String,
    /// The command line.
    pub command: String,
}

impl Circumstances {
    /// The machine and command of this process; `arguments` follow the name of the program.
    pub fn now(arguments: &[String]) -> Self {
        let mut command = String::from("cargo run --release -p benches --bin ratios");
        if !arguments.is_empty() {
            command.push_str(" -- ");
            command.push_str(&arguments.join(" "));
        }
        let days = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() / 86_400);
        Self {
            machine: processor(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            date: date(days),
            command,
        }
    }
}

impl std::fmt::Display for Circumstances {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { machine, cores, date, command } = self;
        write!(f, "{machine}, {cores} cores, {date}, {command}")
    }
}

fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text
        .lines()
        .find(|line| line.starts_with("model name"))
        .and_then(|line| line.split_once(':'))
        .map(|(_, name)| name.trim().to_owned());
    name.unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}

/// The date `days` after 1970-01-01, by the 400-year cycle of the calendar (Howard Hinnant,
/// "chrono-compatible low-level date algorithms").
fn date(days: u64) -> String {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Yardstick;

    fn summary(name: &str, record: Option<f64>, total: f64) -> Summary {
        Summary {
            name: name.to_owned(),
            record,
            backward: record.map(|record| total - record),
            total,
            median: total * 1.5,
            rounds: 7,
            bytes: record.map(|_| 2_440),
            yardsticks: &[],
            figures: Vec::new(),
        }
    }

    #[test]
    fn a_line_reads_as_documented() {
        let summaries = [
            summary("wengert", Some(210.0), 340.0),
            summary("reverse", Some(400.0), 680.0),
            summary("P", None, 84.0),
            summary("H", None, 170.0),
        ];
        let lines: Vec<String> = rows("W4", 100, 0, &summaries).iter().map(Row::to_string).collect();
        assert_eq!(
            lines[0],
            "W4 wengert record 2.10 backward 1.30 total 3.40 ns/op xreverse 0.50 xP 4.0 xH 2.00 \
             bytes/op 24.4 median 5.10"
        );
        assert_eq!(lines[2], "W4 P total 0.84 ns/op median 1.26");
    }

    #[test]
    fn a_contender_may_have_yardsticks_and_figures_of_its_own() {
        const fn of(label: &'static str, contender: &'static str, part: Part) -> Yardstick {
            Yardstick { label, contender, part }
        }
        const YARDSTICKS: [Yardstick; 3] = [
            of("xbackward", "wengert", Part::Backward),
            of("xone", "H", Part::Total),
            of("xnobody", "nobody", Part::Total),
        ];
        let mut hvp = summary("hvp", None, 390.0);
        hvp.yardsticks = &YARDSTICKS;
        hvp.figures = vec![("lanes", 64.0)];
        let row = &rows("W4", 100, 0, &[hvp, summary("wengert", Some(210.0), 340.0), summary("H", None, 300.0)])[0];
        assert_eq!(row.to_string(), "W4 hvp total 3.90 ns/op xH 1.30 xbackward 3 xone 1.30 lanes 64 median 5.85");
        let json = serde_json::to_value(row).unwrap();
        assert_eq!(json["xbackward"], 3.0);
        assert_eq!(json["lanes"], 64.0);
    }

    #[test]
    fn absent_figures_are_left_out_of_the_json() {
        let row = &rows("W1", 3, 4, &[summary("P", None, 2.0)])[0];
        let json = serde_json::to_value(row).unwrap();
        assert_eq!(json["unit"], "ns");
        assert_eq!(json["total"], 2.0);
        assert!(json.get("record").is_none());
        assert!(json.get("xreverse").is_none());
    }

    #[test]
    fn dates_follow_the_calendar() {
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(11_016), "2000-02-29");
        assert_eq!(date(20_454), "2026-01-01");
    }
}
