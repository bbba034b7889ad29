//! Where nalgebra branches on exact zeros: what the derivative is there, and the cures that the front page gives.

use super::nalgebra::{Matrix2, Quaternion, Rotation3, SymmetricEigen, UnitQuaternion, Vector3};
use wengert::{Error, Graph, NodeId};
use wengert_var::{Var, record};

const AT: [f64; 3] = [1.0, 2.0, 3.0];

/// The Jacobian of a rotated vector with respect to the rotation `v` at 0, and whether a replay elsewhere is refused.
fn at_zero(rotate: impl Fn(Vector3<Var>, Vector3<Var>) -> Vector3<Var>) -> (Vec<Vec<f64>>, bool) {
    let mut g = Graph::new();
    let (v, turned) = record(&mut g, || {
        let v = [0.0; 3].map(Var::leaf);
        let turned = rotate(Vector3::from(v), Vector3::from(AT).cast());
        // A constant is not a node.
        (v.map(Var::id), [0, 1, 2].map(|k| (turned[k] + v[0] * 0.0).id()))
    });
    assert_eq!(turned.map(|id| g.value(id)), AT);
    let jacobian = g.jacobian(&turned, &v);
    g.set(v[0], 0.25);
    (jacobian, matches!(g.forward(), Err(Error::GuardFlipped { .. })))
}

/// d(v x at)/dv at 0.
const GENERATORS: [[f64; 3]; 3] = [[0.0, 3.0, -2.0], [-3.0, 0.0, 1.0], [2.0, -1.0, 0.0]];

#[test]
fn a_rotation_by_the_zero_vector_is_the_constant_identity() {
    assert_eq!(at_zero(|v, at| Rotation3::new(v) * at), (vec![vec![0.0; 3]; 3], true));
    let smooth = |v: Vector3<Var>, at| {
        UnitQuaternion::new_normalize(Quaternion::from_parts(1.0.into(), v * Var::from(0.5))) * at
    };
    let (jacobian, refused) = at_zero(smooth);
    assert_eq!((jacobian, refused), (GENERATORS.map(Vec::from).to_vec(), false));
}

#[test]
fn a_quaternion_by_the_zero_vector_is_the_constant_identity() {
    assert_eq!(at_zero(|v, at| UnitQuaternion::new(v) * at), (vec![vec![0.0; 3]; 3], true));
}

/// Eigenvalues of the symmetric matrix (a c; c b), smallest first, as a function of a, b, c.
fn eigenvalues(x: [f64; 3]) -> (Graph, [NodeId; 3], [NodeId; 2]) {
    let mut g = Graph::new();
    let (x, values) = record(&mut g, || {
        let [a, b, c] = x.map(Var::leaf);
        let mut values: Vec<Var> = SymmetricEigen::new(Matrix2::new(a, c, c, b)).eigenvalues.iter().copied().collect();
        values.sort_by(|x, y| x.value().total_cmp(&y.value()));
        ([a, b, c].map(Var::id), [values[0] + 0.0 * a, values[1] + 0.0 * a].map(Var::id))
    });
    (g, x, values)
}

#[test]
fn eigenvalues_of_a_diagonal_matrix_have_first_derivatives_but_not_second() {
    let (mut g, x, values) = eigenvalues([3.0, 1.0, 0.0]);
    assert_eq!(values.map(|id| g.value(id)), [1.0, 3.0]);
    assert_eq!(g.jacobian(&values, &x), [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]);
    // d2/dc2 of the largest is 2 / (3 - 1).
    assert_eq!(g.hessian(values[1], &x)[2][2], 0.0);
    g.set(x[2], 0.5);
    assert!(matches!(g.forward(), Err(Error::GuardFlipped { .. })));
    let (g, x, values) = eigenvalues([3.0, 1.0, 1e-4]);
    assert!((g.hessian(values[1], &x)[2][2] - 1.0).abs() < 1e-6);
}

#[test]
fn an_eigenvalue_by_its_eigenvector_has_first_derivatives_without_guards() {
    let plain = Matrix2::new(3.0, 0.0, 0.0, 1.0);
    let eigen = SymmetricEigen::new(plain);
    let v = eigen.eigenvectors.column(eigen.eigenvalues.imax()).clone_owned().cast::<Var>();
    let mut g = Graph::new();
    let (x, value) = record(&mut g, || {
        let [a, b, c] = [3.0, 1.0, 0.0].map(Var::leaf);
        ([a, b, c].map(Var::id), (v.transpose() * Matrix2::new(a, c, c, b) * v)[0].id())
    });
    assert_eq!((g.value(value), g.gradient(value, &x), g.guards().len()), (3.0, vec![1.0, 0.0, 0.0], 0));
}

#[test]
fn eigenvectors_of_a_diagonal_matrix_have_no_derivatives() {
    let mut g = Graph::new();
    let (c, v) = record(&mut g, || {
        let c = Var::leaf(0.0);
        let eigen = SymmetricEigen::new(Matrix2::new(3.0.into(), c, c, 1.0.into()));
        (c.id(), (eigen.eigenvectors[(1, 0)] + 0.0 * c).id())
    });
    assert_eq!(g.gradient(v, &[c]), [0.0]);
}

#[test]
fn the_norm_of_the_zero_vector_has_derivative_0_and_its_direction_none() {
    let mut g = Graph::new();
    let (v, norm, square, direction) = record(&mut g, || {
        let v = [0.0; 3].map(Var::leaf);
        let vector = Vector3::from(v);
        (v.map(Var::id), vector.norm().id(), vector.norm_squared().id(), vector.normalize()[0].id())
    });
    assert_eq!((g.value(norm), g.gradient(norm, &v)), (0.0, vec![0.0; 3]));
    assert_eq!((g.value(square), g.gradient(square, &v)), (0.0, vec![0.0; 3]));
    assert!(g.value(direction).is_nan());
    assert_eq!(g.gradient(direction, &v)[0], f64::INFINITY);
}
