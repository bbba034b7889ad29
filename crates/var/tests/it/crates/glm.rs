//! nalgebra-glm.

use nalgebra_glm::{self as glm, RealNumber};

use super::check;

fn views<T: RealNumber>(x: &[T]) -> Vec<T> {
    let (eye, center) = (glm::vec3(x[0], x[1], x[2]), glm::vec3(x[3], x[4], x[5]));
    let up = glm::vec3(T::zero(), T::one(), T::zero());
    let view = glm::look_at(&eye, &center, &up);
    let lens = glm::perspective(x[5], x[0], x[3] * x[3], x[3] * x[3] + x[0]);
    let there = lens * view * glm::vec4(x[1], x[2], x[0], T::one());
    let turned = glm::rotate_vec3(&eye, x[4], &center);
    let between = glm::quat_slerp(
        &glm::quat_angle_axis(x[0], &glm::normalize(&center)),
        &glm::quat_angle_axis(x[5], &glm::normalize(&eye)),
        x[4],
    );
    let smooth = glm::lerp(&eye, &center, glm::smoothstep(T::zero(), T::one() + T::one(), x[0]));
    let mut list = vec![glm::distance(&eye, &center), glm::dot(&eye, &center), glm::determinant(&view)];
    list.extend(there.iter().chain(&turned).chain(&between.coords).chain(&smooth));
    list.extend(glm::cross(&eye, &center).iter().chain(&glm::reflect_vec(&eye, &glm::normalize(&center))));
    list
}

#[test]
fn glm_is_differentiated() {
    let other: &[f64] = &[1.4, 0.4, 2.2, -0.6, 0.3, 0.8];
    check(views, views, &[1.2, 0.5, 2.0, -0.75, 0.25, 0.9], &[other]);
}
