//! A classifier of three classes. Its training is stopped and resumed, with the same bits as without a stop. At the end
//! the mean of the probabilities of each class is its share of the examples, as it must be where the likelihood is
//! greatest (Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, section 4.4.1).

use wengert_nn::{
    Adam, Backend, Error, Examples, Fit, Initialization, Mlp, SavedOptimizer, SplitMix64, argmax, shared_cross_entropy,
    softmax,
};

/// Trains for `steps` steps, from the current state of the net and the optimizer; returns the loss at the end.
fn train(net: &mut Mlp, optimizer: &mut Adam, examples: &Examples, steps: usize) -> Result<f64, Error> {
    let shape = net.shape();
    let mut fit = Fit::new(Backend::Compiled, net.parameters(), examples, move |p, row| {
        shared_cross_entropy(&shape.forward(p, &row[..2]), &row[2..])
    })?;
    for _ in 0..steps {
        fit.step(optimizer, examples.all())?;
    }
    net.set_parameters(fit.parameters())?;
    fit.loss(examples.all())
}

pub(crate) fn main() -> Result<(), Error> {
    // Points around three corners, with the class as a 1 among zeros.
    let mut random = SplitMix64::new(1);
    let rows = [0, 1, 2].repeat(50).into_iter().map(|class| {
        let angle = f64::from(class) * std::f64::consts::TAU / 3.0;
        let [x, y] = [angle.cos(), angle.sin()].map(|center| 1.5 * center + 0.7 * random.normal());
        let [a, b, c] = [0, 1, 2].map(|k| f64::from(k == class));
        [x, y, a, b, c]
    });
    let rows: Vec<[f64; 5]> = rows.collect();
    let examples = Examples::from_rows(&rows)?;
    let start = Mlp::new(2, &[3], 0)?.initialized(Initialization::Xavier, 7);

    let (mut net, mut adam) = (start.clone(), Adam::new(0.05));
    let loss = train(&mut net, &mut adam, &examples, 4000)?;

    // The same in two parts, with everything saved in between.
    let (mut half, mut adam) = (start, Adam::new(0.05));
    train(&mut half, &mut adam, &examples, 1500)?;
    let (mut resumed, mut adam) = (Mlp::parse(&half.text())?, Adam::parse(&adam.text())?);
    train(&mut resumed, &mut adam, &examples, 2500)?;
    assert_eq!(resumed, net);

    let predicted: Vec<_> = rows.iter().map(|row| net.predict(&row[..2])).collect();
    let right = predicted.iter().zip(&rows).filter(|(logits, row)| argmax(logits) == argmax(&row[2..]));
    println!("loss {loss:.6}, {} of {} right", right.count(), rows.len());
    for class in 0..3 {
        let mean = predicted.iter().map(|logits| softmax(logits)[class]).sum::<f64>() / 150.0;
        assert!((mean - 1.0 / 3.0).abs() < 1e-6, "class {class}: {mean}");
    }
    Ok(())
}
