//! Tests with names as programs and people choose them.

use super::*;
use burn::tensor::TensorData;

fn tensor(dims: &[usize]) -> TensorData {
    TensorData::zeros::<f32, _>(dims.to_vec())
}

/// A linear map from the first width to the second.
fn linear(path: &str, from: usize, to: usize) -> Vec<(String, TensorData)> {
    vec![(format!("{path}.weight"), tensor(&[to, from])), (format!("{path}.bias"), tensor(&[to]))]
}

fn norm(path: &str, width: usize) -> Vec<(String, TensorData)> {
    let fields = ["weight", "bias", "running_mean", "running_var"];
    fields.iter().map(|field| (format!("{path}.{field}"), tensor(&[width]))).collect()
}

fn slope(path: &str) -> Vec<(String, TensorData)> {
    vec![(format!("{path}.weight"), tensor(&[1]))]
}

type Named = Vec<(String, TensorData)>;

/// The names of a file's modules in the order of the network, and the notes; or the error.
fn order(found: &[Named], expected: &[Named]) -> Result<(Vec<String>, Vec<String>), String> {
    let read = |named: &[Named]| modules(named.concat().into_iter().collect());
    let ordered = read(found).and_then(|found| ordered(found, &read(expected).unwrap()));
    let paths = |modules: Vec<Module>| modules.into_iter().map(|module| module.path).collect();
    ordered.map(|(modules, notes)| (paths(modules), notes)).map_err(|error| format!("{error:#}"))
}

/// A network of widths 9, 5, 5, 5 and 3.
fn four(names: [&str; 4]) -> Vec<Named> {
    let [one, two, three, last] = names;
    vec![linear(one, 9, 5), linear(two, 5, 5), linear(three, 5, 5), linear(last, 5, 3)]
}

fn normed(names: [&str; 3]) -> Vec<Named> {
    vec![linear(names[0], 9, 5), norm(names[1], 5), linear(names[2], 5, 3)]
}

#[test]
fn names_with_numbers_are_in_the_order_of_the_numbers() {
    let expected = four(["0", "2", "4", "6"]);
    for names in [
        ["0", "3", "6", "9"],
        ["8", "10", "12", "14"],
        ["fc1", "fc2", "fc9", "fc10"],
        ["net.0.0", "net.1.0", "net.2.0", "net.3"],
        ["model.layers.0.linear", "model.layers.1.linear", "model.layers.2.linear", "model.layers.3.linear"],
        ["module.layer1.0", "module.layer2.0", "module.layer3.0", "module.layer4"],
        ["_orig_mod.0", "_orig_mod.2", "_orig_mod.4", "_orig_mod.6"],
        // The shapes say where the last one belongs, and the first.
        ["hidden.0", "hidden.2", "hidden.4", "output"],
        ["input", "hidden1", "hidden2", "head"],
        ["stem.proj", "blocks.0.proj", "blocks.1.proj", "classifier"],
    ] {
        assert_eq!(order(&four(names), &expected), Ok((names.map(str::to_owned).to_vec(), vec![])), "{names:?}");
    }
    let words = [linear("encoder", 9, 5), linear("decoder", 5, 3)];
    assert_eq!(order(&words, &[linear("0", 9, 5), linear("2", 5, 3)]).unwrap().0, ["encoder", "decoder"]);
    let single = [vec![("weight".to_owned(), tensor(&[3, 9])), ("bias".to_owned(), tensor(&[3]))]];
    assert_eq!(order(&single, &[linear("0", 9, 3)]).unwrap().0, [""]);
}

#[test]
fn names_that_leave_several_orders_are_refused_with_the_names() {
    let expected = four(["0", "2", "4", "6"]);
    let error = |names| order(&four(names), &expected).unwrap_err();
    let unclear = error(["input", "middle", "second", "output"]);
    assert!(unclear.contains("do not say in which order these come: middle.weight [5, 5], second.weight [5, 5]"));
    assert!(unclear.contains("0.weight and 2.weight of a torch.nn.Sequential"), "{unclear}");
    // Numbers that contradict the only order that the shapes leave.
    assert!(error(["in", "net.3", "net.4", "net.2"]).contains("net.2.weight comes before net.3.weight by name"));
    let mut wide = four(["a", "b1", "b2", "c"]);
    wide[3] = linear("c", 5, 4);
    let found = order(&wide, &expected).unwrap_err();
    assert!(found.contains("expected a linear map of shape [3, 5], as 6.weight"), "{found}");
    assert!(found.contains("c.weight [4, 5]"), "{found}");
    let found = order(&four(["0", "2", "4", "6"])[1..], &expected).unwrap_err();
    assert!(found.contains("expected 4 layers with weights, found 3: 2, 4, 6"), "{found}");
    let many: Vec<Named> = (0..99).map(|index| linear(&index.to_string(), 5, 5)).collect();
    assert!(order(&many, &expected).unwrap_err().contains("15 and 83 more"));
}

#[test]
fn batch_normalization_must_directly_follow_its_linear_map() {
    let expected = normed(["0", "1", "3"]);
    for names in [["0", "1", "3"], ["net.4", "net.5", "net.8"], ["net.0.0", "net.0.1", "net.1.0"]] {
        assert_eq!(order(&normed(names), &expected), Ok((names.map(str::to_owned).to_vec(), vec![])), "{names:?}");
    }
    // nn.Sequential(Linear, ReLU, BatchNorm1d, Linear), the same in blocks, and normalization of a block's input
    for names in [["0", "2", "3"], ["net.0.0", "net.0.2", "net.1.0"], ["0.linear", "1.norm", "1.linear"]] {
        assert!(order(&normed(names), &expected).unwrap_err().contains("directly after its linear map"), "{names:?}");
    }
    assert!(order(&normed(["1", "0", "3"]), &expected).unwrap_err().contains("0.weight comes before 1.weight"));
    // Words do not tell.
    for names in [["fc1", "bn1", "fc2"], ["layers.0.linear", "layers.0.norm", "head"]] {
        let (paths, notes) = order(&normed(names), &expected).unwrap();
        assert_eq!(paths, names);
        assert!(notes.len() == 1 && notes[0].contains("before the activation"), "{notes:?}");
    }
}

#[test]
fn linear_maps_without_room_for_an_activation_are_noted() {
    let (two, network) = ([linear("layers.0", 9, 5), linear("layers.1", 5, 3)], [linear("0", 9, 5), linear("2", 5, 3)]);
    let notes = order(&two, &network).unwrap().1;
    assert!(notes[0].contains("layers.1 directly follows layers.0: taken as layers of a torch.nn.ModuleList"));
    // A parametric ReLU between them is in the file.
    let with_slope = |names: [&str; 3]| [linear(names[0], 9, 5), slope(names[1]), linear(names[2], 5, 3)];
    assert_eq!(order(&with_slope(["0", "1", "2"]), &with_slope(["0", "1", "2"])).unwrap().1, [""; 0]);
    assert!(order(&with_slope(["0", "3", "2"]), &with_slope(["0", "1", "2"])).unwrap_err().contains("comes before"));
}

#[test]
fn other_modules_are_named() {
    let expected = [linear("0", 9, 3)];
    let error = |more: Named| order(&[linear("0", 9, 3), more], &expected).unwrap_err();
    // nn.LayerNorm, and a buffer of a loss function
    let layer_norm = vec![("1.weight".to_owned(), tensor(&[3])), ("1.bias".to_owned(), tensor(&[3]))];
    assert!(error(layer_norm).contains("tensor 1.bias belongs to no layer"));
    assert!(error(vec![("loss.scale".to_owned(), tensor(&[1]))]).contains("tensor loss.scale belongs to no layer"));
    assert!(error(vec![("loss.weight".to_owned(), tensor(&[3]))]).contains("found 2: 0, loss"));
    assert!(error(norm("1", 3)).contains("The configuration has 0 × batch normalization, the file 1"));
}
