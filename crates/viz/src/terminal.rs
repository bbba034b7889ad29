//! A curve in a terminal, drawn with the dots of Braille characters.

use crate::scale::Scale;

/// The numbers as a curve, `columns` by `rows` characters large, with the largest and the least at its side in as many digits as tell
/// them apart. The scale
/// is logarithmic if all numbers are positive. Numbers that are not finite are left out.
///
/// ```
/// let losses: Vec<f64> = (0..100).map(|step| (-0.05 * step as f64).exp()).collect();
/// let chart = wengert_viz::terminal_chart(&losses, 40, 6);
/// assert_eq!(chart.lines().count(), 6);
/// assert!(chart.starts_with("         1 ┤"));
/// ```
///
/// # Panics
/// With no column or no row.
#[track_caller]
pub fn terminal_chart(numbers: &[f64], columns: usize, rows: usize) -> String {
    assert!(columns > 0 && rows > 0, "a chart needs at least one column and one row");
    let scale = Scale::of(numbers);
    // A character is two dots wide and four high.
    let (wide, high_dots) = (2 * columns, 4 * rows);
    let mut dots = vec![vec![false; wide]; high_dots];
    let mut before: Option<usize> = None;
    for (column, x) in samples(numbers, wide) {
        let part = scale.map_or(0.5, |scale| scale.part(x));
        let row = ((1.0 - part) * (high_dots - 1) as f64).round() as usize;
        // From the dot before, so that steep curves hold together.
        let from = before.unwrap_or(row);
        (from.min(row)..=from.max(row)).for_each(|row| dots[row][column] = true);
        before = Some(row);
    }
    let (low, high) = scale.map_or((String::new(), None), Scale::marks);
    let mark_wide = [Some(&low), high.as_ref()].into_iter().flatten().map(String::len).fold(10, usize::max);
    let mut chart = String::new();
    for row in 0..rows {
        let mark = match (row, &high) {
            (0, Some(high)) => high,
            _ if row + 1 == rows => &low,
            _ => "",
        };
        let axis = if mark.is_empty() { '│' } else { '┤' };
        chart += &format!("{mark:>mark_wide$} {axis}");
        for column in 0..columns {
            chart.push(braille(|x, y| dots[4 * row + y][2 * column + x]));
        }
        chart = chart.trim_end_matches('\u{2800}').to_owned() + "\n";
    }
    chart
}

/// For each column of dots, the number that belongs there, if there is one and it is finite.
fn samples(numbers: &[f64], wide: usize) -> impl Iterator<Item = (usize, f64)> {
    let last = numbers.len().saturating_sub(1).max(1);
    (0..wide).filter_map(move |column| {
        let at = column * last / (wide - 1);
        let x = *numbers.get(at)?;
        x.is_finite().then_some((column, x))
    })
}

/// The character whose dots are those for which this holds: 0 and 1 from the left, 0 to 3 from above.
fn braille(dot: impl Fn(usize, usize) -> bool) -> char {
    const BITS: [[u32; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];
    let mut bits = 0;
    for (x, column) in BITS.iter().enumerate() {
        for (y, bit) in column.iter().enumerate() {
            bits |= if dot(x, y) { *bit } else { 0 };
        }
    }
    char::from_u32(0x2800 + bits).unwrap_or(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_goes_from_corner_to_corner() {
        let rising: Vec<f64> = (0..8).map(f64::from).collect();
        let expected = format!("{:>10} ┤\u{2800}\u{2800}⣠⠞\n{:>10} ┤⣠⠞⠁\n", 7, 0);
        assert_eq!(terminal_chart(&rising, 4, 2), expected);
    }

    #[test]
    fn what_is_not_finite_is_left_out_and_nothing_is_an_empty_chart() {
        let chart = terminal_chart(&[f64::NAN, 1.0, f64::INFINITY, 2.0], 4, 2);
        assert!(chart.contains("2 ┤") && chart.contains("1 ┤"), "{chart}");
        assert_eq!(terminal_chart(&[], 4, 2), "           │\n           │\n");
        assert_eq!(terminal_chart(&[3.0], 4, 1).lines().count(), 1);
    }

    #[test]
    fn the_largest_numbers_and_nearly_equal_ones_have_marks() {
        let chart = terminal_chart(&[1.0, 1e305], 4, 2);
        assert!(chart.starts_with("     1e305 ┤") && !chart.contains("inf"), "{chart}");
        let chart = terminal_chart(&[1.0, 1.0 + f64::EPSILON], 4, 2);
        let marks: Vec<&str> = chart.lines().map(|line| line.split('┤').next().unwrap().trim()).collect();
        assert_eq!(marks, ["1.0000000000000002", "1"]);
        // From the lower left corner to the upper right one, although the range is not finite.
        let chart = terminal_chart(&[f64::MIN, f64::MAX], 2, 2);
        let rows: Vec<&str> = chart.lines().map(|line| line.split('┤').nth(1).unwrap()).collect();
        assert!(rows[0].trim_start_matches('\u{2800}').len() < rows[0].len() && !rows[1].is_empty(), "{chart}");
    }
}
