//! The joint angles at which the hand of a two-link arm reaches a given point, by Newton's method with the Jacobian.
//! The result is checked against the closed form by the law of cosines (Craig, Introduction to Robotics, section 4.4).

use nalgebra::{Matrix2, Vector2};
use wengert::{Real, value_and_jacobian};

const LINKS: [f64; 2] = [1.2, 0.8];

/// Where the hand is.
fn hand<T: Real>(joints: &[T]) -> Vec<T> {
    let (first, both) = (joints[0], joints[0] + joints[1]);
    vec![first.cos() * LINKS[0] + both.cos() * LINKS[1], first.sin() * LINKS[0] + both.sin() * LINKS[1]]
}

pub(crate) fn main() {
    let target = Vector2::new(0.9, 1.1);

    let mut joints = Vector2::new(0.5, 1.2);
    for step in 0..10 {
        let (at, rows) = value_and_jacobian(|joints| hand(joints), joints.as_slice());
        let miss = target - Vector2::new(at[0], at[1]);
        println!("step {step}: joints {:.6} {:.6}, off by {:.1e}", joints[0], joints[1], miss.norm());
        let jacobian = Matrix2::new(rows[0][0], rows[0][1], rows[1][0], rows[1][1]);
        joints += jacobian.lu().solve(&miss).expect("the arm is not stretched out");
    }

    let [a, b] = LINKS;
    let elbow = ((target.norm_squared() - a * a - b * b) / (2.0 * a * b)).acos();
    let shoulder = target.y.atan2(target.x) - (b * elbow.sin()).atan2(a + b * elbow.cos());
    assert!((joints - Vector2::new(shoulder, elbow)).norm() < 1e-14);
}
