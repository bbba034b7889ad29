//! Nets: their shapes, their text, their values.

use wengert::{Dual, Graph, Op};
use wengert_nn::{Activation, Error, Layer, Mlp, Neuron};

#[test]
fn a_net_is_written_as_micrograd_writes_it() {
    let net = Mlp::new(2, &[2, 1], 1).unwrap();
    let text = "MLP of [Layer of [ReLUNeuron(2), ReLUNeuron(2)], Layer of [LinearNeuron(2)]]";
    assert_eq!(net.to_string(), text);
    let layer = Layer::new(Neuron::new(3, Activation::Tanh), 1);
    assert_eq!(layer.to_string(), "Layer of [TanhNeuron(3)]");
    assert_eq!(Neuron::new(1, Activation::Sigmoid).to_string(), "SigmoidNeuron(1)");
}

#[test]
fn a_net_of_nothing_is_refused_by_name() {
    assert!(matches!(Mlp::new(2, &[], 1), Err(Error::NoLayers)));
    assert!(matches!(Mlp::new(0, &[4, 1], 1), Err(Error::NoInputs)));
    assert!(matches!(Mlp::new(2, &[4, 0, 1], 1), Err(Error::NoNeurons { layer: 2 })));
    assert!(matches!(Mlp::new(usize::MAX, &[2], 1), Err(Error::TooLarge)));
    assert!(matches!(Mlp::new(1 << 20, &[1 << 20], 1), Err(Error::TooLarge)));
    let shape = [(1, Activation::Linear)];
    let short = Mlp::from_parameters(2, &shape, vec![0.0; 2]);
    assert!(matches!(short, Err(Error::Parameters { expected: 3, given: 2 })));
    let error = "softmax".parse::<Activation>().unwrap_err();
    assert!(error.to_string().contains("\"softmax\"") && error.to_string().contains("tanh"), "{error}");
}

#[test]
fn setting_the_wrong_number_of_parameters_changes_nothing() {
    let mut net = Mlp::new(2, &[3, 1], 5).unwrap();
    let before = net.clone();
    assert!(net.set_parameters(&[0.0; 12]).is_err());
    assert_eq!(net, before);
    net.set_parameters(&[0.0; 13]).unwrap();
    assert_eq!(net.predict(&[1.0, 2.0])[..], [0.0]);
}

#[test]
fn one_seed_is_one_net_with_weights_within_1_and_no_bias() {
    let net = Mlp::new(2, &[16, 16, 1], 1337).unwrap();
    assert_eq!(net, Mlp::new(2, &[16, 16, 1], 1337).unwrap());
    assert_ne!(net, Mlp::new(2, &[16, 16, 1], 1338).unwrap());
    assert_eq!(net.parameters().len(), 337);
    assert!(net.parameters().iter().all(|p| p.abs() < 1.0));
    assert!(net.parameters()[..48].chunks(3).all(|neuron| neuron[2] == 0.0));
    assert!(net.parameters()[..48].chunks(3).all(|neuron| neuron[0] != 0.0 && neuron[1] != 0.0));
}

#[test]
fn a_neuron_adds_from_the_bias_on_and_then_activates() {
    // (1e16 + 1) + 1 stays 1e16 from the left, 1e16 + (1 + 1) would not.
    let parameters = [1.0, 1.0, 1e16];
    assert_eq!(Neuron::new(2, Activation::Linear).forward(&parameters, &[1.0, 1.0]), 1e16);
    let output = |activation, b| Neuron::new(1, activation).forward(&[2.0, b], &[1.5]);
    assert_eq!(output(Activation::Relu, -1.0), 2.0);
    assert_eq!(output(Activation::Relu, -4.0), 0.0);
    assert_eq!(output(Activation::Sigmoid, -3.0), 0.5);
    assert_eq!(output(Activation::Tanh, -3.0), 0.0);
}

#[test]
fn layers_feed_each_other_in_the_order_of_the_parameters() {
    let shape = [(2, Activation::Linear), (2, Activation::Linear)];
    let parameters = [1., 10., 100., 0., 1., 7., 2., 0., 1., 1., 1., 0.];
    let net = Mlp::from_parameters(2, &shape, parameters.to_vec()).unwrap();
    // First 1*3 + 10*4 + 100 = 143 and 4 + 7 = 11, then 2*143 + 1 and 143 + 11.
    assert_eq!(net.predict(&[3.0, 4.0])[..], [287.0, 154.0]);
}

#[test]
#[should_panic(expected = "number of inputs given, and number of inputs of ReLUNeuron(2)")]
fn too_few_inputs_panic_with_what_was_expected() {
    let _ = Mlp::new(2, &[3, 1], 1).unwrap().predict(&[1.0]);
}

#[test]
fn a_recorded_net_has_the_values_of_a_predicted_one() {
    let net =
        Mlp::with_layers(3, &[(5, Activation::Tanh), (4, Activation::Sigmoid), (2, Activation::Relu)], 3).unwrap();
    let x = [0.25, -1.5, 3.0];
    let graph = Graph::new();
    let inputs = x.map(|value| graph.var(value));
    let recorded: Vec<f64> = net.sketch(&graph, &inputs).iter().map(|y| y.value()).collect();
    assert_eq!(recorded[..], net.predict(&x)[..]);
}

#[test]
fn a_sketch_names_parameters_and_puts_neurons_into_scopes() {
    let net = Mlp::new(2, &[2, 1], 1).unwrap();
    let graph = Graph::new();
    let inputs = [graph.var(1.0), graph.var(2.0)];
    let output = net.sketch(&graph, &inputs)[0].id();
    assert_eq!(graph.scope_of(output), ["layer 2", "neuron 1"]);
    let leaves: Vec<_> = graph.nodes().filter(|node| node.op == Op::Leaf).skip(2).collect();
    assert_eq!(leaves.len(), net.parameters().len());
    let names = leaves[..3].iter().map(|leaf| graph.label_of(leaf.id).unwrap());
    assert_eq!(names.collect::<Vec<_>>(), ["w1", "w2", "b"]);
    assert_eq!(graph.scope_of(leaves[3].id), ["layer 1", "neuron 2"]);
}

#[test]
fn a_net_runs_over_any_scalar() {
    let net = Mlp::with_layers(2, &[(3, Activation::Tanh), (1, Activation::Sigmoid)], 8).unwrap();
    let x = [0.5, -0.25];
    // Derivatives with respect to the inputs: forward over duals, and by a reverse sweep.
    let parameters: Vec<Dual<2>> = net.parameters().iter().map(|&p| p.into()).collect();
    let dual = net.forward(&parameters, &[Dual::input(x[0], 0), Dual::input(x[1], 1)])[0];
    let graph = Graph::new();
    let inputs = x.map(|value| graph.var(value));
    let recorded = net.sketch(&graph, &inputs)[0];
    recorded.backward();
    assert_eq!(dual.value, recorded.value());
    for (tangent, input) in dual.tangents.iter().zip(inputs) {
        assert!((tangent - input.grad()).abs() < 1e-15, "{tangent} {}", input.grad());
    }
}

#[test]
fn a_count_that_is_too_large_does_not_wrap() {
    let neuron = Neuron::new(usize::MAX, Activation::Relu);
    assert_eq!(neuron.parameter_count(), usize::MAX);
    assert_eq!(Layer::new(neuron, 3).parameter_count(), usize::MAX);
    assert_eq!(Layer::new(Neuron::new(1, Activation::Relu), usize::MAX).parameter_count(), usize::MAX);
}
