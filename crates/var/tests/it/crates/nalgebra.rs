//! nalgebra: decompositions and rotations.

use super::check;

/// The same code over both versions of nalgebra.
macro_rules! algebra {
    ($($name:ident $version:ident;)+) => {$(
        mod $name {
            use $version::{
                DMatrix, Matrix3, Matrix3x2, Quaternion, RealField, Rotation2, Rotation3, SymmetricEigen, UnitQuaternion,
                Vector2, Vector3,
            };

            fn matrix<T: RealField + Copy>(x: &[T]) -> Matrix3<T> {
                Matrix3::new(x[0], x[1], x[2], x[3], x[0] + x[4], x[5], x[4], x[2], x[1] + x[5])
            }

            fn positive<T: RealField + Copy>(x: &[T]) -> Matrix3<T> {
                matrix(x) * matrix(x).transpose() + Matrix3::identity()
            }

            pub(super) fn solvers<T: RealField + Copy>(x: &[T]) -> Vec<T> {
                let (a, b) = (matrix(x), Vector3::new(x[5], x[0], x[3]));
                let by_lu = a.lu().solve(&b).expect("it is regular");
                let by_qr = a.qr().solve(&b).expect("it is regular");
                let by_all = a.full_piv_lu().solve(&b).expect("it is regular");
                let factor = positive(x).cholesky().expect("it is positive definite");
                let by_cholesky = factor.solve(&b);
                let inverse = a.try_inverse().expect("it is regular");
                let large = DMatrix::from_fn(5, 5, |i, j| x[(i * j + i) % 6] + if i == j { x[i] * x[i] + T::one() } else { T::zero() });
                let mut list = vec![a.determinant(), factor.determinant().ln(), large.determinant()];
                list.extend(by_lu.iter().chain(&by_qr).chain(&by_all).chain(&by_cholesky).chain(&inverse));
                list.extend(factor.l().diagonal().iter());
                list.extend(a.qr().r().diagonal().iter());
                list
            }

            pub(super) fn spectra<T: RealField + Copy>(x: &[T]) -> Vec<T> {
                let eigen = SymmetricEigen::new(positive(x));
                let mut values: Vec<T> = eigen.eigenvalues.iter().copied().collect();
                values.sort_by(|a, b| a.partial_cmp(b).expect("not NaN"));
                let mut list = values;
                list.extend(Matrix3x2::new(x[0], x[1], x[2], x[3], x[4], x[5]).svd(false, false).singular_values.iter());
                list.extend(eigen.eigenvectors.map(|v| v * v).iter());
                list
            }

            pub(super) fn exponential<T: RealField + Copy>(x: &[T]) -> Vec<T> {
                matrix(x).exp().iter().copied().collect()
            }

            pub(super) fn rotations<T: RealField + Copy>(x: &[T]) -> Vec<T> {
                let (axis, at) = (Vector3::new(x[0], x[1], x[2]), Vector3::new(x[3], x[4], x[5]));
                let turn = Rotation3::new(axis);
                let unit = UnitQuaternion::from_quaternion(Quaternion::new(x[5], x[1], x[0], x[3]));
                let between = UnitQuaternion::new(axis).slerp(&unit, x[4]);
                let (roll, pitch, yaw) = turn.euler_angles();
                let back = turn.scaled_axis();
                let plane = Rotation2::new(x[0]) * Vector2::new(x[1], x[2]);
                let mut list = vec![roll, pitch, yaw, turn.angle(), unit.angle()];
                list.extend((turn * at).iter().chain(&(unit * at)).chain(&(between * at)).chain(&back).chain(&plane));
                list
            }
        }
    )+};
}
algebra! {
    v34 nalgebra_0_34;
    v35 nalgebra_0_35;
}

const X: [f64; 6] = [1.5, 0.5, -0.25, 0.75, 0.3, 2.0];

#[test]
fn solvers_are_differentiated_in_both_versions() {
    let others: [&[f64]; 2] = [&[1.51, 0.49, -0.245, 0.755, 0.302, 1.99], &[1.48, 0.505, -0.255, 0.74, 0.298, 2.02]];
    check(v34::solvers, v34::solvers, &X, &others);
    check(v35::solvers, v35::solvers, &X, &others);
}

/// Iterations stop by a tolerance, so a program holds near the point where they took as many steps.
#[test]
fn spectra_are_differentiated_in_both_versions() {
    let other: &[f64] = &[1.501, 0.499, -0.2505, 0.7502, 0.3001, 1.9995];
    check(v34::spectra, v34::spectra, &X, &[other]);
    check(v35::spectra, v35::spectra, &X, &[other]);
}

/// The order of its approximation is chosen by plain numbers, so a program holds at the same point only.
#[test]
fn the_exponential_of_a_matrix_is_differentiated_in_both_versions() {
    check(v34::exponential, v34::exponential, &X, &[&X]);
    check(v35::exponential, v35::exponential, &X, &[&X]);
}

#[test]
fn rotations_are_differentiated_in_both_versions() {
    let other: &[f64] = &[0.4, 0.7, -0.5, 0.9, 0.4, 1.2];
    check(v34::rotations, v34::rotations, &[0.5, 0.6, -0.25, 0.75, 0.3, 1.0], &[other]);
    check(v35::rotations, v35::rotations, &[0.5, 0.6, -0.25, 0.75, 0.3, 1.0], &[other]);
}
