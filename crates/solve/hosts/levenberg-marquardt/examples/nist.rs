//! Fifteen nonlinear regressions of NIST's Statistical Reference Datasets (itl.nist.gov/div898/strd), each from its
//! second start, against the certified parameters.

use levenberg_marquardt::LevenbergMarquardt;
use serde_json::Value;
use wengert::Expr;
use wengert_levenberg_marquardt::LeastSquares;
use wengert_solve::{Error, Shape, System};

fn model<'g>(name: &str, b: &[Expr<'g>], x: f64) -> Expr<'g> {
    match name {
        "DanWood" => b[0] * (b[1] * x.ln()).exp(),
        "BoxBOD" | "Misra1a" => b[0] * (1.0 - (-b[1] * x).exp()),
        "Misra1b" => b[0] * (1.0 - (b[1] * x / 2.0 + 1.0).powi(-2)),
        "Misra1c" => b[0] * (1.0 - (b[1] * x * 2.0 + 1.0).sqrt().recip()),
        "Misra1d" => b[0] * b[1] * x / (b[1] * x + 1.0),
        "MGH09" => b[0] * (b[1] * x + x * x) / (b[2] * x + b[3] + x * x),
        "Rat42" => b[0] / ((b[1] - b[2] * x).exp() + 1.0),
        "Rat43" => b[0] / ((b[1] - b[2] * x).exp() + 1.0).pow(b[3].recip()),
        "MGH10" => b[0] * (b[1] / (b[2] + x)).exp(),
        "Thurber" => (b[0] + x * (b[1] + x * (b[2] + b[3] * x))) / (1.0 + x * (b[4] + x * (b[5] + b[6] * x))),
        "Eckerle4" => b[0] / b[1] * (((x - b[2]) / b[1]).powi(2) * -0.5).exp(),
        "Lanczos3" => (0..3).map(|k| b[2 * k] * (-b[2 * k + 1] * x).exp()).sum(),
        "MGH17" => b[0] + b[1] * (-b[3] * x).exp() + b[2] * (-b[4] * x).exp(),
        "Roszman1" => b[0] - b[1] * x - (b[2] / (x - b[3])).atan() / std::f64::consts::PI,
        _ => unreachable!("the data have no other model"),
    }
}

fn main() -> Result<(), Error> {
    let sets: Value = serde_json::from_str(include_str!("../data/nist.json")).expect("the file is JSON");
    let mut of_digits = Vec::new();
    for (name, set) in sets.as_object().expect("a table of sets") {
        let numbers = |key: &str| -> Vec<f64> { serde_json::from_value(set[key].clone()).expect("numbers") };
        let y_x: Vec<[f64; 2]> = serde_json::from_value(set["y_x"].clone()).expect("pairs");
        let (start, formula) = (numbers("start2"), name.clone());
        let system = System::new(move |b| y_x.iter().map(|&[y, x]| model(&formula, b, x) - y).collect(), &start)?;
        let (mut fit, report) = LevenbergMarquardt::new().minimize(LeastSquares::new(system, &start)?);
        let points = report.number_of_evaluations + fit.refine()?;
        let errors = fit.parameters().iter().zip(numbers("certified")).map(|(b, c)| ((b - c) / c).abs());
        let digits = -errors.fold(1e-11, f64::max).log10();
        let evaluations = fit.into_system().evaluations();
        println!("{name:10} {digits:4.1} digits, {points} points, {evaluations} evaluations");
        assert!(evaluations <= points + 2, "one a point, one to go back at the end, one for a step not kept");
        of_digits.push(digits);
    }
    assert!(of_digits.iter().all(|&digits| digits >= 8.0));
    assert!(of_digits.iter().filter(|&&digits| digits >= 10.0).count() >= 13);
    Ok(())
}
