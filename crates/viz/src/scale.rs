//! The scale of a curve: linear, or logarithmic if all numbers are positive.

use crate::words::rounded;

/// The least and the largest of the numbers that are finite.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    /// The scale of these numbers; `None` where none is finite.
    pub(crate) fn of(numbers: &[f64]) -> Option<Scale> {
        let finite = numbers.iter().copied().filter(|x| x.is_finite());
        let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
        (low <= high).then_some(Scale { low, high })
    }

    pub(crate) fn is_logarithmic(self) -> bool {
        self.low > 0.0 && self.low < self.high
    }

    /// Where a number stands: 0 for the least, 1 for the largest, the middle where all are equal.
    pub(crate) fn part(self, x: f64) -> f64 {
        // Halves, since the range of finite numbers may overflow.
        let [x, low, high] = [x, self.low, self.high].map(|x| 0.5 * if self.is_logarithmic() { x.ln() } else { x });
        if high > low { (x - low) / (high - low) } else { 0.5 }
    }

    /// The least and the largest number, with as many digits as tell them apart; one where they are equal.
    pub(crate) fn marks(self) -> (String, Option<String>) {
        let both = |digits| (rounded(self.low, digits), rounded(self.high, digits));
        // Seventeen digits tell all numbers apart.
        let (low, high) = (5..17).map(both).find(|(low, high)| low != high).unwrap_or_else(|| both(17));
        (low, (self.low < self.high).then_some(high))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finite_number_has_its_part_and_marks_differ() {
        let marks = |numbers: &[f64]| Scale::of(numbers).unwrap().marks();
        assert_eq!(marks(&[1.0, 1e305]), ("1".into(), Some("1e305".into())));
        assert_eq!(marks(&[1.0, 1.00000001]), ("1".into(), Some("1.00000001".into())));
        let next = 1.0 + f64::EPSILON;
        assert_eq!(marks(&[1.0, next]), ("1".into(), Some("1.0000000000000002".into())));
        assert_eq!(marks(&[3.0, f64::NAN, 3.0]), ("3".into(), None));
        let far = Scale::of(&[f64::MIN, 0.0, f64::MAX]).unwrap();
        assert_eq!([f64::MIN, 0.0, f64::MAX].map(|x| far.part(x)), [0.0, 0.5, 1.0]);
        assert!(Scale::of(&[f64::NAN, f64::INFINITY]).is_none());
    }
}
