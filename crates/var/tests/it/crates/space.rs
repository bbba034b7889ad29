//! euclid: vectors, points, boxes and matrices, all of it that does not ask for `euclid::Trig`.

use euclid::default::{Point2D, Point3D, Transform2D, Transform3D, Vector2D, Vector3D};
use num_traits::Float;

use super::check;

fn plane<T: Float + std::ops::AddAssign>(x: &[T]) -> Vec<T> {
    let (u, v) = (Vector2D::new(x[0], x[1]), Vector2D::new(x[2], x[3]));
    let map = Transform2D::new(x[0], x[1], x[2], x[3], x[1], x[0]);
    let back = map.inverse().expect("it is regular");
    let there = map.then(&map).transform_point(Point2D::new(x[2], x[0]));
    let here = back.transform_vector(v);
    let between = u.lerp(v, x[1]);
    let unit = u.normalize() + v.project_onto_vector(u);
    vec![
        u.dot(v),
        u.cross(v),
        u.length(),
        (u - v).square_length(),
        map.determinant(),
        there.x,
        there.y,
        here.x,
        here.y,
        between.x,
        unit.y,
    ]
}

fn space<T: Float + std::ops::AddAssign>(x: &[T]) -> Vec<T> {
    let (u, v) = (Vector3D::new(x[0], x[1], x[2]), Vector3D::new(x[3], x[0], x[1]));
    let normal = u.cross(v).normalize();
    let move_by = Transform3D::translation(x[0], x[1], x[2]).then(&Transform3D::scale(x[3], x[2], x[1]));
    let there = move_by.inverse().expect("it is regular").transform_point3d(Point3D::new(x[1], x[2], x[3]));
    let there = there.expect("no perspective");
    vec![normal.x, normal.y, normal.z, u.dot(v), u.length(), there.x, there.y, there.z, move_by.determinant()]
}

#[test]
fn euclid_is_differentiated() {
    let (x, others): (_, [&[f64]; 2]) = ([1.5, -0.5, 0.75, 2.0], [&[1.25, 0.5, -0.5, 1.5], &[2.0, 0.25, 0.4, 3.0]]);
    check(plane, plane, &x, &others);
    check(space, space, &x, &others);
}
