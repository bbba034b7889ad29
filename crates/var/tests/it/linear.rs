//! Derivatives through nalgebra's own code, against known formulas.

use super::nalgebra::{
    Isometry3, Matrix3, Quaternion, RealField, Rotation3, SMatrix, SymmetricEigen, Translation3, UnitQuaternion,
    Vector3,
};
use wengert::{Error, Graph, NodeId};
use wengert_var::{Var, record};

const A: [[f64; 3]; 3] = [[4.0, 1.0, -0.5], [1.0, 3.0, 0.75], [-0.5, 0.75, 2.0]];

fn leaves<const R: usize, const C: usize>(rows: [[f64; C]; R]) -> SMatrix<Var, R, C> {
    SMatrix::from_fn(|i, j| Var::leaf(rows[i][j]))
}

fn plain<const R: usize, const C: usize>(rows: [[f64; C]; R]) -> SMatrix<f64, R, C> {
    SMatrix::from_fn(|i, j| rows[i][j])
}

/// The derivatives that the last sweep left on the elements.
fn grads<const R: usize, const C: usize>(g: &Graph, elements: &SMatrix<Var, R, C>) -> SMatrix<f64, R, C> {
    elements.map(|x| g.grad(x.id()))
}

#[track_caller]
fn near<const R: usize, const C: usize>(actual: SMatrix<f64, R, C>, expected: SMatrix<f64, R, C>) {
    let error = (actual - expected).norm() / expected.norm();
    assert!(error < 1e-13, "{actual} is {error:e} off {expected}");
}

#[test]
fn a_quadratic_form_has_its_gradient_and_hessian() {
    let mut g = Graph::new();
    let (x, l) = record(&mut g, || {
        let x = leaves([[1.0], [-2.0], [0.5]]);
        let a: Matrix3<Var> = plain(A).cast();
        (x, (x.transpose() * a * x)[0])
    });
    g.backward(l.id());
    near(grads(&g, &x), 2.0 * plain(A) * plain([[1.0], [-2.0], [0.5]]));
    let ids: Vec<NodeId> = x.iter().map(|x| x.id()).collect();
    let hessian = g.hessian(l.id(), &ids);
    near(Matrix3::from_fn(|i, j| hessian[i][j]), 2.0 * plain(A));
}

#[test]
fn a_determinant_has_the_inverse_transposed_for_its_logarithmic_slope() {
    let mut g = Graph::new();
    let (a, l) = record(&mut g, || {
        let a = leaves(A);
        (a, a.determinant())
    });
    g.backward(l.id());
    let inverse = plain(A).try_inverse().expect("it is regular");
    near(grads(&g, &a), plain(A).determinant() * inverse.transpose());
}

/// d tr(W A^-1) / dA = -(A^-1 W A^-1)^T.
#[test]
fn an_inverse_is_differentiated() {
    let weights = [[1.0, 2.0, 3.0], [-1.0, 0.5, 2.0], [0.25, -2.0, 1.0]];
    let mut g = Graph::new();
    let (a, l) = record(&mut g, || {
        let a = leaves(A);
        let inverse = a.try_inverse().expect("it is regular");
        (a, (plain(weights).cast::<Var>() * inverse).trace())
    });
    g.backward(l.id());
    let inverse = plain(A).try_inverse().expect("it is regular");
    near(grads(&g, &a), -(inverse * plain(weights) * inverse).transpose());
}

/// The logarithm of a determinant by Cholesky, which reads only the lower triangle of a symmetric matrix.
#[test]
fn cholesky_and_lu_solve_with_derivatives() {
    let mut g = Graph::new();
    let (a, b, x, l) = record(&mut g, || {
        let (a, b) = (leaves(A), leaves([[1.0], [2.0], [3.0]]));
        let factor = a.cholesky().expect("it is positive definite");
        let x = a.lu().solve(&b).expect("it is regular");
        (a, b, x, Var::from(2.0) * factor.l().map_diagonal(|d| d.ln()).sum())
    });
    g.backward(l.id());
    let inverse = plain(A).try_inverse().expect("it is regular");
    // Below the diagonal an element stands for itself and its mirror image.
    let expected = Matrix3::from_fn(|i, j| inverse[(i, j)] * if i > j { 2.0 } else { f64::from(i == j) });
    near(grads(&g, &a), expected);
    // dx_k / db is row k of the inverse.
    for k in 0..3 {
        g.backward(x[k].id());
        near(grads(&g, &b), inverse.row(k).transpose());
    }
}

/// d lambda / dA = v v^T, over the elements that the decomposition reads.
#[test]
fn an_eigenvalue_is_differentiated_through_the_iteration() {
    let mut g = Graph::new();
    let (a, l) = record(&mut g, || {
        let a = leaves(A);
        let eigen = SymmetricEigen::new(a);
        let largest = eigen.eigenvalues.iter().copied().reduce(RealField::max).expect("there are three");
        (a, largest)
    });
    g.backward(l.id());
    let eigen = SymmetricEigen::new(plain(A));
    let v = eigen.eigenvectors.column(eigen.eigenvalues.imax());
    let both = grads(&g, &a);
    let error = (both + both.transpose() - 2.0 * v * v.transpose()).norm();
    assert!(error < 1e-12, "{error:e}");
}

/// An arm with three joints in space: the Jacobian of its hand, whose columns are axis x lever.
#[test]
fn an_arm_in_space_has_the_geometric_jacobian() {
    let angles = [0.4, -0.7, 1.1];
    let axes = [Vector3::z(), Vector3::y(), Vector3::x()];
    let offsets = [[0.0, 0.0, 1.0], [0.8, 0.1, 0.0], [0.0, 0.5, 0.3]];
    fn hand<T: RealField>(angles: &[T; 3], axes: &[Vector3<T>; 3], offsets: &[Vector3<T>; 3]) -> Isometry3<T> {
        (0..3).fold(Isometry3::identity(), |pose, k| {
            let turn = UnitQuaternion::new(axes[k].clone() * angles[k].clone());
            pose * Isometry3::from_parts(Translation3::identity(), turn) * Translation3::from(offsets[k].clone())
        })
    }
    let mut g = Graph::new();
    let (joints, place) = record(&mut g, || {
        let joints = angles.map(Var::leaf);
        let hand = hand(&joints, &axes.map(|axis| axis.cast()), &offsets.map(|at| Vector3::from(at).cast()));
        (joints, hand.translation.vector)
    });
    let [ids, outputs] = [joints.map(Var::id), [0, 1, 2].map(|k| place[k].id())];
    let jacobian = g.jacobian(&outputs, &ids);
    let at_hand = hand(&angles, &axes, &offsets.map(Vector3::from));
    for k in 0..3 {
        let mut below = Isometry3::identity();
        for j in 0..k {
            below = below * UnitQuaternion::new(axes[j] * angles[j]) * Translation3::from(offsets[j]);
        }
        let column = (below * axes[k]).cross(&(at_hand.translation.vector - below.translation.vector));
        near(Vector3::from_fn(|i, _| jacobian[i][k]), column);
    }
}

#[test]
fn rotations_and_quaternions_agree() {
    let mut g = Graph::new();
    let (x, l, m) = record(&mut g, || {
        let x = leaves([[0.3], [-0.2], [0.9]]);
        let at = Vector3::new(1.0, 2.0, 3.0).cast::<Var>();
        let matrix = Rotation3::new(x) * at;
        let unit = UnitQuaternion::from_quaternion(Quaternion::from(UnitQuaternion::new(x).coords * Var::from(3.0)));
        (x, matrix.sum(), (unit * at).sum())
    });
    g.backward(l.id());
    let by_matrix = grads(&g, &x);
    g.backward(m.id());
    near(grads(&g, &x), by_matrix);
    near(Vector3::from_fn(|_, _| g.value(l.id())), Vector3::from_fn(|_, _| g.value(m.id())));
}

/// A replay must take the branches of the recording: one that would choose another pivot is refused.
#[test]
fn a_replay_that_would_pivot_otherwise_is_an_error() {
    let mut g = Graph::new();
    let (a, l) = record(&mut g, || {
        let a = leaves([[2.0, 1.0], [1.0, 3.0]]);
        (a, a.lu().solve(&leaves([[1.0], [1.0]])).expect("it is regular")[0])
    });
    g.set(a[(0, 0)].id(), 4.0);
    assert_eq!(g.forward(), Ok(()));
    assert_eq!(g.value(l.id()), 2.0 / 11.0);
    g.set(a[(0, 0)].id(), 0.5);
    assert!(matches!(g.forward(), Err(Error::GuardFlipped { .. })));
}
