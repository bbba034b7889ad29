//! The energy of a pendulum and its gradient, as a function that depends on nothing. The build script made it from the
//! formula in `energy.rs`.
//!
//! ```
//! let mut out = [0.0; 4];
//! embedded::energy_and_gradient(&[0.0, 0.0, 1.0], &mut out);
//! assert_eq!(out, [0.0, 0.0, 0.1, 0.0]);
//! ```

include!(concat!(env!("OUT_DIR"), "/energy.rs"));

#[cfg(test)]
mod energy;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_function_is_the_program_that_it_was_made_from() {
        for k in 0..100 {
            let t = f64::from(k) / 10.0;
            let x = [t - 5.0, 3.0 - t, 0.1 + t];
            let mut out = [0.0; 4];
            energy_and_gradient(&x, &mut out);
            let (value, gradient) = wengert::value_and_gradient(energy::energy, &x);
            let size = gradient.iter().fold(value.abs(), |size, y| size.max(y.abs()));
            for (got, expected) in out.into_iter().zip([vec![value], gradient].concat()) {
                assert!((got - expected).abs() <= 1e-12 * size, "{got} for {expected} at {x:?}");
            }
        }
        assert_eq!(energy::AT.len(), 3);
    }
}
