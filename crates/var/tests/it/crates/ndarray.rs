//! ndarray and ndarray-stats.

use super::check;

/// The same code over both versions of ndarray.
macro_rules! arrays {
    ($($name:ident $version:ident;)+) => {$(
        mod $name {
            use $version::{Array1, Array2, Axis, LinalgScalar, ScalarOperand};
            use num_traits::{Float, FromPrimitive};

            pub(super) fn arrays<T: Float + FromPrimitive + LinalgScalar + ScalarOperand + std::ops::DivAssign>(x: &[T]) -> Vec<T> {
                let v = Array1::from(x.to_vec());
                let a = Array2::from_shape_fn((3, x.len()), |(i, j)| x[j] * x[(i + j) % x.len()] + x[i]);
                let square = a.dot(&a.t());
                let scaled = &a * x[0] + x[1];
                let both = (&a * &v - &v) / &(&v + T::one());
                let mut updated = scaled.clone();
                updated.scaled_add(x[2], &a);
                updated /= x[0] + T::one();
                let mut list = vec![
                    v.dot(&v),
                    v.mean().expect("not empty"),
                    v.std(T::zero()),
                    v.var(T::one()),
                    a.sum(),
                    square.product().abs().ln(),
                    updated.diag().sum(),
                    both.mapv(|x| x.tanh()).sum(),
                ];
                list.extend(a.dot(&v));
                list.extend(square.mean_axis(Axis(0)).expect("not empty"));
                list.extend(a.std_axis(Axis(1), T::one()));
                list.extend(scaled.sum_axis(Axis(1)));
                list
            }
        }
    )+};
}
arrays! {
    v16 ndarray_0_16;
    v17 ndarray_0_17;
}

#[test]
fn ndarray_is_differentiated_in_both_versions() {
    let (x, others): (_, [&[f64]; 2]) = ([0.5, 1.25, -0.75, 2.0], [&[0.75, -0.5, 1.5, 0.25], &[1.0, 2.0, 0.5, 0.3]]);
    check(v16::arrays, v16::arrays, &x, &others);
    check(v17::arrays, v17::arrays, &x, &others);
}

mod stats {
    use ndarray_0_17::{Array1, Array2};
    use ndarray_stats::{CorrelationExt, SummaryStatisticsExt};
    use num_traits::{Float, FromPrimitive};

    pub(super) fn statistics<T: Float + FromPrimitive + std::ops::AddAssign + 'static>(x: &[T]) -> Vec<T> {
        let v = Array1::from(x.to_vec());
        let weights = v.mapv(|x| (-x * x).exp());
        let rows =
            Array2::from_shape_fn((2, x.len()), |(i, j)| if i == 0 { x[j] } else { x[(j + 1) % x.len()].powi(2) });
        let mut list = vec![
            v.weighted_mean(&weights).unwrap(),
            v.weighted_var(&weights, T::zero()).unwrap(),
            v.weighted_std(&weights, T::zero()).unwrap(),
            v.harmonic_mean().unwrap(),
            v.mapv(|x| x * x).geometric_mean().unwrap(),
            v.skewness().unwrap(),
            v.kurtosis().unwrap(),
            v.central_moment(5).unwrap(),
            rows.cov(T::one()).unwrap()[(0, 1)],
            rows.pearson_correlation().unwrap()[(0, 1)],
        ];
        list.extend(v.central_moments(4).unwrap().into_iter().skip(2));
        list
    }
}

#[test]
fn ndarray_stats_is_differentiated() {
    let (x, other): (_, &[f64]) = ([0.5, 1.25, 0.75, 2.0, 1.5], &[1.75, 0.5, 1.0, 0.6, 2.25]);
    check(stats::statistics, stats::statistics, &x, &[other]);
}
