//! A reader of SVG: what stands where, by an XML parser.

use roxmltree::{Document, Node};

/// A rectangle, from its upper left corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rect {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) w: f64,
    pub(crate) h: f64,
    /// The radius of its corners.
    pub(crate) round: f64,
}

impl Rect {
    /// Whether a place is within, and not just at the border.
    pub(crate) fn covers(self, (x, y): (f64, f64)) -> bool {
        // From the nearest place at which a corner of this radius has its center.
        let beyond = |x: f64, from: f64, length: f64| {
            let (low, high) = (from + self.round, from + length - self.round);
            (low - x).max(x - high).max(0.0)
        };
        let (dx, dy) = (beyond(x, self.x, self.w), beyond(y, self.y, self.h));
        dx.hypot(dy) < self.round - 1.0
    }

    /// Whether they overlap by more than 0.02 in both directions.
    pub(crate) fn overlaps(self, other: Rect) -> bool {
        let apart = |a: f64, length: f64, b: f64, other: f64| a + length <= b + 0.02 || b + other <= a + 0.02;
        !apart(self.x, self.w, other.x, other.w) && !apart(self.y, self.h, other.y, other.h)
    }

    pub(crate) fn holds(self, other: Rect) -> bool {
        self.x <= other.x + 0.02
            && self.y <= other.y + 0.02
            && other.x + other.w <= self.x + self.w + 0.02
            && other.y + other.h <= self.y + self.h + 0.02
    }
}

/// What an SVG shows.
pub(crate) struct Svg {
    pub(crate) size: (f64, f64),
    /// Boxes and the texts in each.
    pub(crate) boxes: Vec<(Rect, Vec<String>)>,
    pub(crate) clusters: Vec<Rect>,
    /// The places that the path of each wire names, heads of arrows aside.
    pub(crate) wires: Vec<Vec<(f64, f64)>>,
    pub(crate) texts: Vec<String>,
}

impl Svg {
    /// Panics where the text is not an SVG.
    pub(crate) fn read(text: &str) -> Svg {
        let document = Document::parse(text).unwrap_or_else(|error| panic!("{error}"));
        let root = document.root_element();
        assert_eq!(root.tag_name().name(), "svg");
        let has = |node: &Node<'_, '_>, class: &str| {
            node.attribute("class").is_some_and(|classes| classes.split(' ').any(|name| name == class))
        };
        let all = |name: &'static str| root.descendants().filter(move |node| node.has_tag_name(name));
        let text = |node: Node<'_, '_>| node.text().unwrap_or_default().to_owned();
        let texts_in = |node: Node<'_, '_>| {
            let inside = node.descendants().filter(|node| node.has_tag_name("text"));
            inside.map(text).collect::<Vec<String>>()
        };
        let rects = |class: &'static str| all("rect").filter(move |node| has(node, class));
        Svg {
            size: (number(root, "width"), number(root, "height")),
            boxes: rects("box").map(|node| (rect(node), texts_in(node.parent().unwrap()))).collect(),
            clusters: rects("area").map(rect).collect(),
            wires: all("path")
                .filter(|node| has(node, "wire"))
                .map(|node| places(node.attribute("d").unwrap()))
                .collect(),
            texts: texts_in(root),
        }
    }

    /// What is wrong: pairs of boxes that overlap, clusters that a box or another cluster is partly in, and wires that
    /// go through a box.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (k, (a, texts)) in self.boxes.iter().enumerate() {
            for (b, others) in &self.boxes[..k] {
                if a.overlaps(*b) {
                    faults.push(format!("{texts:?} and {others:?} overlap"));
                }
            }
            for cluster in &self.clusters {
                if a.overlaps(*cluster) && !cluster.holds(*a) {
                    faults.push(format!("{texts:?} is partly in a cluster"));
                }
            }
        }
        for (k, a) in self.clusters.iter().enumerate() {
            for b in &self.clusters[..k] {
                if a.overlaps(*b) && !a.holds(*b) && !b.holds(*a) {
                    faults.push("two clusters overlap".to_owned());
                }
            }
        }
        for wire in &self.wires {
            for (rect, texts) in &self.boxes {
                let inside = |place: &&(f64, f64)| rect.covers(**place);
                if let Some(at) = wire.iter().find(inside) {
                    faults.push(format!("a wire crosses {texts:?} at {at:?}"));
                }
            }
        }
        faults
    }
}

/// The texts of an SVG in the order of the file.
pub(crate) fn texts(svg: &str) -> Vec<String> {
    Svg::read(svg).texts
}

fn number(node: Node<'_, '_>, name: &str) -> f64 {
    let text = node.attribute(name).unwrap_or_else(|| panic!("no {name}"));
    text.parse().unwrap()
}

fn rect(node: Node<'_, '_>) -> Rect {
    let [x, y, w, h, round] = ["x", "y", "width", "height", "rx"].map(|name| number(node, name));
    Rect { x, y, w, h, round }
}

/// Places along a path of the commands M, L, C and Q, curves at sixteen places each.
fn places(path: &str) -> Vec<(f64, f64)> {
    let spaced: String =
        path.chars().map(|c| if c.is_ascii_alphabetic() { format!(" {c} ") } else { c.to_string() }).collect();
    let mut places: Vec<(f64, f64)> = Vec::new();
    let mut words = spaced.split_whitespace();
    while let Some(command) = words.next() {
        let count = match command {
            "M" | "L" => 1,
            "Q" => 2,
            "C" => 3,
            other => panic!("the command {other} is not expected"),
        };
        let mut point = || {
            let mut number = || words.next().unwrap().parse::<f64>().unwrap();
            (number(), number())
        };
        let mut points: Vec<(f64, f64)> = places.last().copied().into_iter().collect();
        points.extend((0..count).map(|_| point()));
        let steps = if command == "M" { 1 } else { 16 };
        for step in 1..=steps {
            let t = f64::from(step) / f64::from(steps);
            // De Casteljau.
            let mut left = if command == "M" { points[points.len() - 1..].to_vec() } else { points.clone() };
            while left.len() > 1 {
                left = left
                    .windows(2)
                    .map(|pair| (pair[0].0 + t * (pair[1].0 - pair[0].0), pair[0].1 + t * (pair[1].1 - pair[0].1)))
                    .collect();
            }
            places.push(left[0]);
        }
    }
    places
}
