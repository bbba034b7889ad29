//! num-complex and rustfft.

use num_complex::Complex;
use num_traits::{Float, FloatConst};
use rustfft::{FftNum, FftPlanner};

use super::check;

/// Real and imaginary parts of functions of a complex number.
fn functions<T: Float + FloatConst>(x: &[T]) -> Vec<T> {
    let [z, w] = [Complex::new(x[0], x[1]), Complex::new(x[2], x[3])];
    let results = [
        z * w + z.conj() / w,
        z.exp() * w.ln(),
        z.sqrt() + w.powf(x[0]) + z.powi(3) + z.powc(w),
        z.sin() * w.cos() + z.tan(),
        z.asin() + w.acos() + z.atan(),
        z.sinh() + w.cosh() + z.tanh(),
        z.asinh() + w.acosh() + z.atanh(),
        w.cbrt() + w.inv() + z.exp2() + w.log2() + w.log10(),
    ];
    let (modulus, angle) = z.to_polar();
    results.iter().flat_map(|z| [z.re, z.im]).chain([modulus, angle, w.norm_sqr(), w.norm(), z.arg()]).collect()
}

#[test]
fn num_complex_is_differentiated() {
    check(functions, functions, &[0.4, 0.3, 1.2, 0.5], &[&[0.35, 0.45, 0.9, 0.8], &[0.3, 0.2, 1.1, 0.3]]);
}

/// The power of each frequency of a signal, by a transform of this length.
fn spectrum<T: FftNum + Float, const N: usize>(x: &[T]) -> Vec<T> {
    let mut buffer: Vec<Complex<T>> =
        (0..N).map(|k| Complex::new(x[k % x.len()] * x[(k / 3) % x.len()], x[(k + 1) % x.len()])).collect();
    FftPlanner::new().plan_fft_forward(N).process(&mut buffer);
    buffer.iter().map(|z| z.norm_sqr()).collect()
}

/// Powers of two, mixed, prime (Rader) and other lengths (Bluestein) take different algorithms.
#[test]
fn transforms_of_every_kind_of_length_are_differentiated() {
    let (x, other): (&[f64], &[f64]) = (&[0.5, -0.25, 1.5, 0.75], &[-0.5, 1.0, 0.125, 0.3]);
    check(spectrum::<_, 8>, spectrum::<_, 8>, x, &[other]);
    check(spectrum::<_, 12>, spectrum::<_, 12>, x, &[other]);
    check(spectrum::<_, 17>, spectrum::<_, 17>, x, &[other]);
    check(spectrum::<_, 60>, spectrum::<_, 60>, x, &[other]);
    check(spectrum::<_, 94>, spectrum::<_, 94>, x, &[other]);
}

/// The gradient of sum |z_k|^2 w_k with respect to a real signal is 2 N times the inverse transform of w z (Parseval).
#[test]
fn a_transform_has_its_adjoint_for_gradient() {
    use wengert::Graph;
    use wengert_var::{Var, record};

    const N: usize = 16;
    let signal: Vec<f64> = (0..N).map(|k| (0.3 * k as f64).sin() + 0.1 * k as f64).collect();
    let weight = |k: usize| 1.0 / (1.0 + k as f64);
    let mut g = Graph::new();
    let (x, l) = record(&mut g, || {
        let x: Vec<Var> = signal.iter().map(|&x| Var::leaf(x)).collect();
        let mut z: Vec<Complex<Var>> = x.iter().map(|&x| x.into()).collect();
        FftPlanner::new().plan_fft_forward(N).process(&mut z);
        (x, z.iter().enumerate().map(|(k, z)| z.norm_sqr() * weight(k)).sum::<Var>())
    });
    g.backward(l.id());
    let mut z: Vec<Complex<f64>> = signal.iter().map(|&x| x.into()).collect();
    FftPlanner::new().plan_fft_forward(N).process(&mut z);
    z.iter_mut().enumerate().for_each(|(k, z)| *z *= weight(k));
    FftPlanner::new().plan_fft_inverse(N).process(&mut z);
    for (x, z) in x.iter().zip(z) {
        super::near(g.grad(x.id()), 2.0 * z.re, 1e-12, "adjoint");
    }
}
