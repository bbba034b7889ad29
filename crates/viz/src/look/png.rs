//! A picture as a bitmap: its SVG, drawn with the font that it was laid out for.

use std::sync::{Arc, LazyLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::fontdb::Database;
use resvg::usvg::{Options, Tree};

use crate::error::Error;
use crate::layout::{At, width};

/// DejaVu Sans, cut to fewer characters. The license stands beside it.
const FONT: &[u8] = include_bytes!("../../font/DejaVuSans.ttf");

static FONTS: LazyLock<Arc<Database>> = LazyLock::new(|| {
    let mut fonts = Database::new();
    fonts.load_font_data(FONT.to_vec());
    Arc::new(fonts)
});

/// The most pixels: they take 400 MB of memory while it is drawn.
const MOST_PIXELS: f64 = 1e8;

/// Draws an SVG of this size, two pixels to each of its own, or fewer where it would grow too large.
pub(crate) fn draw(svg: &str, [w, h]: At) -> Result<Vec<u8>, Error> {
    let scales = [2.0, 1.5, 1.0];
    let fits = |scale: &f64| w * h * scale * scale <= MOST_PIXELS && w.max(h) * scale <= 32_000.0;
    let scale = scales.into_iter().find(fits).ok_or(Error::TooLargeForPng)?;
    let options = Options { fontdb: FONTS.clone(), font_family: "DejaVu Sans".to_owned(), ..Options::default() };
    let failed = |reason: String| Error::Png { reason };
    let tree = Tree::from_str(&known(svg), &options).map_err(|error| failed(error.to_string()))?;
    let [columns, rows] = [w, h].map(|length| (length * scale).ceil() as u32);
    let mut pixels = Pixmap::new(columns, rows).ok_or(Error::TooLargeForPng)?;
    resvg::render(&tree, Transform::from_scale(scale as f32, scale as f32), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| failed(error.to_string()))
}

/// The SVG without zero-width characters, which resvg would draw as characters of their own, and without the
/// `textLength` of texts that the font lacks characters for.
fn known(svg: &str) -> String {
    let mut text = String::with_capacity(svg.len());
    for (k, part) in svg.split(" textLength=\"").enumerate() {
        let after = if k == 0 { Some(part) } else { part.split_once("AndGlyphs\"").map(|(_, after)| after) };
        text.push_str(after.unwrap_or(part));
    }
    let shown = |c: char| match width(c.encode_utf8(&mut [0; 4]), 1.0) {
        0.0 if !c.is_control() => None,
        _ => Some(c),
    };
    text.chars().filter_map(shown).collect()
}
