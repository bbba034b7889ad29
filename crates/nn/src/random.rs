//! Random numbers for starting points: the same seed gives the same net on every platform.

/// SplitMix64 (Steele, Lea and Flood 2014): 64 bits of state, and every seed is a good one. Not for secrets.
///
/// ```
/// let mut random = wengert_nn::SplitMix64::new(7);
/// let x = random.uniform(-1.0, 1.0);
/// assert!(-1.0 < x && x < 1.0);
/// assert!(random.below(6) < 6);
/// assert!(random.normal().is_finite());
/// ```
#[derive(Clone, Debug)]
pub struct SplitMix64(u64);

impl SplitMix64 {
    /// The sequence of a seed.
    ///
    /// ```
    /// use wengert_nn::SplitMix64;
    ///
    /// assert_eq!(SplitMix64::new(7).bits(), SplitMix64::new(7).bits());
    /// ```
    pub const fn new(seed: u64) -> SplitMix64 {
        SplitMix64(seed)
    }

    /// The current state: [`SplitMix64::new`] with it continues the sequence from here.
    ///
    /// ```
    /// use wengert_nn::SplitMix64;
    ///
    /// let mut random = SplitMix64::new(7);
    /// random.bits();
    /// let mut resumed = SplitMix64::new(random.state());
    /// assert_eq!(resumed.bits(), random.bits());
    /// ```
    pub const fn state(&self) -> u64 {
        self.0
    }

    /// The next 64 bits.
    ///
    /// ```
    /// // The published sequence.
    /// assert_eq!(wengert_nn::SplitMix64::new(1234567).bits(), 6457827717110365317);
    /// ```
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// The next integer below `n`; 0 for `n = 0`. All are equally likely, to a relative error of `n / 2^64`.
    ///
    /// ```
    /// let mut random = wengert_nn::SplitMix64::new(1);
    /// assert!((0..100).all(|_| random.below(6) < 6));
    /// ```
    pub const fn below(&mut self, n: usize) -> usize {
        ((self.bits() as u128 * n as u128) >> 64) as usize
    }

    /// The next number, uniformly distributed in the open interval from `low` to `high`.
    ///
    /// ```
    /// let mut random = wengert_nn::SplitMix64::new(1);
    /// let mean = (0..10_000).map(|_| random.uniform(0.0, 1.0)).sum::<f64>() / 10_000.0;
    /// assert!((mean - 0.5).abs() < 0.02);
    /// ```
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        // Adds half a unit to the 52-bit integer, so that neither end is reached.
        let share = ((self.bits() >> 12) as f64 + 0.5) / (1u64 << 52) as f64;
        low + (high - low) * share
    }

    /// The next number, from the standard normal distribution (Box and Muller 1958).
    ///
    /// ```
    /// let mut random = wengert_nn::SplitMix64::new(1);
    /// let squares = (0..10_000).map(|_| random.normal().powi(2)).sum::<f64>();
    /// assert!((squares / 10_000.0 - 1.0).abs() < 0.1);
    /// ```
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.uniform(0.0, 1.0).ln()).sqrt();
        radius * self.uniform(0.0, std::f64::consts::TAU).cos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_the_published_one() {
        let mut random = SplitMix64::new(1234567);
        let actual = [(); 3].map(|()| random.bits());
        assert_eq!(actual, [6457827717110365317, 3203168211198807973, 9817491932198370423]);
    }

    #[test]
    fn every_number_below_a_bound_comes_up_and_no_other() {
        let mut random = SplitMix64::new(5);
        let mut counts = [0; 6];
        (0..6000).for_each(|_| counts[random.below(6)] += 1);
        assert!(counts.iter().all(|count| (850..1150).contains(count)), "{counts:?}");
        assert_eq!(random.below(0), 0);
    }

    #[test]
    fn uniform_and_normal_have_their_mean_and_variance() {
        let mut random = SplitMix64::new(7);
        let n = 100_000;
        let uniform: Vec<f64> = (0..n).map(|_| random.uniform(-1.0, 1.0)).collect();
        let normal: Vec<f64> = (0..n).map(|_| random.normal()).collect();
        for (numbers, variance) in [(uniform, 1.0 / 3.0), (normal, 1.0)] {
            let mean = numbers.iter().sum::<f64>() / f64::from(n);
            let spread = numbers.iter().map(|x| x * x).sum::<f64>() / f64::from(n);
            assert!(mean.abs() < 0.02 && (spread - variance).abs() < 0.02, "{mean} {spread}");
        }
    }
}
