//! What is drawn in which color, in light and dark mode. Everything that is drawn has a class; a style sheet gives it
//! its color.

/// The colors of one mode, light or dark.
pub(crate) struct Theme {
    /// The page, text, less important text, wires.
    pub(crate) paper: &'static str,
    pub(crate) ink: &'static str,
    pub(crate) faint: &'static str,
    pub(crate) wire: &'static str,
    /// Fill and outline by class.
    pub(crate) boxes: [(&'static str, &'static str, &'static str); 6],
    /// Fill and outline of an open scope, and of a box with a number that is not finite.
    pub(crate) cluster: (&'static str, &'static str),
    pub(crate) bad: (&'static str, &'static str),
    /// Only in pages: raised areas, lines, accents, the selection, and bars of positive and negative contributions.
    pub(crate) raised: &'static str,
    pub(crate) line: &'static str,
    pub(crate) accent: &'static str,
    pub(crate) chosen: &'static str,
    pub(crate) positive: &'static str,
    pub(crate) negative: &'static str,
}

pub(crate) const DAY: Theme = Theme {
    paper: "#ffffff",
    ink: "#1c2430",
    faint: "#5c6776",
    wire: "#7d8897",
    boxes: [
        ("leaf", "#e4f3e8", "#4a8f5f"),
        ("constant", "#f0f1f3", "#8a929d"),
        ("result", "#ffffff", "#6f7b8b"),
        ("output", "#fdeecf", "#b97f17"),
        ("scope", "#e6edfa", "#4f73b5"),
        ("op", "#f5f6f8", "#6f7b8b"),
    ],
    cluster: ("#4f73b5", "#4f73b5"),
    bad: ("#fde3e2", "#cf2f2f"),
    raised: "#f7f8fa",
    line: "#d9dee6",
    accent: "#2263d1",
    chosen: "#dce8fb",
    positive: "#cfe3f7",
    negative: "#f7d9d4",
};

pub(crate) const NIGHT: Theme = Theme {
    paper: "#12161d",
    ink: "#e4e8ee",
    faint: "#98a3b3",
    wire: "#76818f",
    boxes: [
        ("leaf", "#16301f", "#5aa873"),
        ("constant", "#22272f", "#7f8996"),
        ("result", "#1a202a", "#768394"),
        ("output", "#3a2b0d", "#d79b32"),
        ("scope", "#17253f", "#6c92d8"),
        ("op", "#252c37", "#768394"),
    ],
    cluster: ("#6c92d8", "#6c92d8"),
    bad: ("#461a1c", "#ff6b6b"),
    raised: "#191e27",
    line: "#2c3441",
    accent: "#79aaff",
    chosen: "#22324d",
    positive: "#1d3a57",
    negative: "#532b27",
};

/// What each class of box means.
pub(crate) const LEGEND: [(&str, &str); 5] = [
    ("leaf", "leaf: an input or a parameter"),
    ("constant", "constant"),
    ("result", "result of an op"),
    ("output", "output: a node that was asked for"),
    ("scope", "scope: click to open"),
];

impl Theme {
    /// Fill and outline of a class of box.
    pub(crate) fn of(&self, class: &str) -> (&'static str, &'static str) {
        let found = self.boxes.iter().find(|(name, ..)| *name == class);
        found.map_or((self.paper, self.faint), |&(_, fill, line)| (fill, line))
    }

    /// The rules of a style sheet for all that an SVG is made of, without variables, which not all viewers support.
    pub(crate) fn rules(&self) -> String {
        let Theme { paper, ink, faint, wire, .. } = self;
        let mut rules = format!(
            ".paper{{fill:{paper}}}text{{fill:{ink}}}.faint{{fill:{faint}}}.wire{{stroke:{wire}}}.head,.number{{fill:{wire}}}.halo{{fill:{paper}}}"
        );
        for (class, fill, line) in self.boxes {
            rules += &format!(".{class}>.box{{fill:{fill};stroke:{line}}}.{class}>.rule{{stroke:{line}}}");
        }
        let (fill, line) = self.cluster;
        rules += &format!(".cluster>.area{{fill:{fill};stroke:{line}}}.cluster>text{{fill:{faint}}}");
        let (_, output) = self.of("output");
        rules += &format!(".output-scope>.box{{stroke:{output}}}");
        let (fill, line) = self.bad;
        rules + &format!(".bad>.box{{fill:{fill};stroke:{line}}}.bad>.rule{{stroke:{line}}}")
    }
}
