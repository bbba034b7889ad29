//! How wide a text is: by the table of DejaVu Sans, which is wider than the fonts that a viewer may
//! have instead.

use unicode_width::UnicodeWidthChar;

use super::widths::{EM, RUNS};

/// The fonts of text; a viewer takes the first that it has. None is wider than DejaVu Sans.
pub(crate) const FAMILY: &str = "Inter, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif";

/// The width of a line of text at this size.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(advance).sum::<f64>() * size
}

/// Whether the table has every character: if not, the width is a guess.
pub(crate) fn is_known(text: &str) -> bool {
    text.chars().all(|c| units(c).is_some())
}

/// The width of a character in ems.
pub(crate) fn advance(c: char) -> f64 {
    units(c).map_or_else(|| guess(c), |units| f64::from(units) / EM)
}

fn units(c: char) -> Option<u16> {
    let c = c as u32;
    let after = RUNS.partition_point(|&(first, _)| first <= c);
    let (first, widths) = RUNS[after.checked_sub(1)?];
    widths.get((c - first) as usize).copied().filter(|&units| units > 0)
}

/// The guessed width of a character that the table lacks.
fn guess(c: char) -> f64 {
    match c.width() {
        Some(0) | None => 0.0,
        Some(1) => 0.9,
        Some(_) => 1.3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_that_of_the_font_that_is_carried() {
        let face = ttf_parser::Face::parse(include_bytes!("../../font/DejaVuSans.ttf"), 0).unwrap();
        assert_eq!(f64::from(face.units_per_em()), EM);
        let mut known = 0;
        for &(first, widths) in RUNS {
            for (k, &width) in widths.iter().enumerate() {
                let c = char::from_u32(first + k as u32).unwrap();
                let glyph = face.glyph_index(c);
                let advance = glyph.and_then(|glyph| face.glyph_hor_advance(glyph)).unwrap_or(0);
                assert_eq!(advance, width, "{c:?}");
                known += usize::from(width > 0);
            }
        }
        assert!(known > 1000, "{known}");
    }

    #[test]
    fn what_the_table_lacks_is_guessed() {
        assert!(is_known("data −8.0000 ∂L/∂α → ×16"));
        assert!(!is_known("日本語") && !is_known("😀"));
        assert_eq!(width("日本", 10.0), 26.0);
        assert_eq!(width("e\u{301}", 10.0), width("e", 10.0));
    }
}
