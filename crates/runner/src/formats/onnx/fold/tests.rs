//! Tests of operators on constants, against what numpy computes.

use super::*;
use crate::formats::onnx::messages::Attribute;
use crate::formats::onnx::tensor::Tensor;

fn floats(dims: &[usize], values: &[f64]) -> Option<Rc<Constant>> {
    Some(Rc::new(Constant { dims: dims.to_vec(), values: values.to_vec(), whole: false }))
}

fn list(values: &[i64]) -> Option<Rc<Constant>> {
    Some(Rc::new(Constant::list(values.iter().copied())))
}

/// The numbers from 0 as a constant of shape `[2, 3]`.
fn six() -> Option<Rc<Constant>> {
    floats(&[2, 3], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0])
}

fn fold(operator: &str, inputs: &Inputs<'_>, attributes: Vec<Attribute>) -> Result<Constant> {
    let node = Node { operator: operator.into(), attributes, ..Node::default() };
    Folder { room: 1000 }.fold(&node, inputs).map(Rc::unwrap_or_clone)
}

fn result(operator: &str, inputs: &Inputs<'_>, attributes: Vec<Attribute>) -> (Vec<usize>, Vec<f64>) {
    let constant = fold(operator, inputs, attributes).unwrap();
    (constant.dims, constant.values)
}

fn error(operator: &str, inputs: &Inputs<'_>, attributes: Vec<Attribute>) -> String {
    format!("{:#}", fold(operator, inputs, attributes).unwrap_err())
}

fn along(axis: i64) -> Vec<Attribute> {
    vec![Attribute::new("axis", Value::Integer(axis))]
}

fn numbers(name: &str, integers: &[i64]) -> Vec<Attribute> {
    vec![Attribute { name: name.into(), integers: integers.to_vec(), ..Attribute::default() }]
}

// x = numpy.arange(6.0).reshape(2, 3)
#[test]
fn elements_are_moved_as_numpy_moves_them() {
    // x.T; x.reshape(2, 1, 3).transpose(1, 2, 0)
    let turned = vec![0.0, 3.0, 1.0, 4.0, 2.0, 5.0];
    assert_eq!(result("Transpose", &[six()], vec![]), (vec![3, 2], turned.clone()));
    let cube = floats(&[2, 1, 3], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(result("Transpose", &[cube], numbers("perm", &[1, 2, 0])), (vec![1, 3, 2], turned));
    // numpy.concatenate([x, x[:, :1]], -1); numpy.concatenate([x, [[9, 9, 9]]])
    let column = floats(&[2, 1], &[0.0, 3.0]);
    let joined = vec![0.0, 1.0, 2.0, 0.0, 3.0, 4.0, 5.0, 3.0];
    assert_eq!(result("Concat", &[six(), column], along(-1)), (vec![2, 4], joined));
    let row = floats(&[1, 3], &[9.0; 3]);
    assert_eq!(result("Concat", &[six(), row], along(0)).1[5..], [5.0, 9.0, 9.0, 9.0]);
    // numpy.take(x, [-1, 0], 1); numpy.take(x, 1, 0)
    assert_eq!(result("Gather", &[six(), list(&[-1, 0])], along(1)), (vec![2, 2], vec![2.0, 0.0, 5.0, 3.0]));
    let one = Some(Rc::new(Constant { dims: vec![], ..Constant::list([1]) }));
    assert_eq!(result("Gather", &[six(), one], along(0)), (vec![3], vec![3.0, 4.0, 5.0]));
    // x[:, 1:]; x[-1:]
    let slice = [six(), list(&[1]), list(&[i64::MAX]), list(&[1])];
    assert_eq!(result("Slice", &slice, vec![]), (vec![2, 2], vec![1.0, 2.0, 4.0, 5.0]));
    let slice = [numbers("starts", &[-1]), numbers("ends", &[99])].concat();
    assert_eq!(result("Slice", &[six()], slice), (vec![1, 3], vec![3.0, 4.0, 5.0]));
}

#[test]
fn shapes_change_as_numpy_changes_them() {
    let shape = |operator, inputs: &Inputs<'_>, attributes| result(operator, inputs, attributes).0;
    assert_eq!(shape("Reshape", &[six(), list(&[0, 1, -1])], vec![]), [2, 1, 3]);
    assert_eq!(shape("Reshape", &[floats(&[1], &[7.0]), list(&[])], vec![]), [0; 0]);
    assert_eq!(shape("Flatten", &[six()], along(0)), [1, 6]);
    assert_eq!(shape("Unsqueeze", &[six(), list(&[0, -1])], vec![]), [1, 2, 3, 1]);
    assert_eq!(shape("Unsqueeze", &[six()], numbers("axes", &[1])), [2, 1, 3]);
    let cube = || floats(&[1, 2, 1], &[1.0, 2.0]);
    assert_eq!(shape("Squeeze", &[cube()], vec![]), [2]);
    assert_eq!(shape("Squeeze", &[cube(), list(&[-1])], vec![]), [1, 2]);
    assert_eq!(shape("Expand", &[floats(&[3], &[1.0, 2.0, 3.0]), list(&[2, 1])], vec![]), [2, 3]);
    assert_eq!(result("Shape", &[six()], vec![]), (vec![2], vec![2.0, 3.0]));
    assert_eq!(result("ConstantOfShape", &[list(&[2])], vec![]), (vec![2], vec![0.0, 0.0]));
}

#[test]
fn arithmetic_repeats_sizes_of_one_and_truncates_whole_quotients() {
    // numpy.arange(6.0).reshape(2, 3) - [[1], [2]]
    let column = || floats(&[2, 1], &[1.0, 2.0]);
    assert_eq!(result("Sub", &[six(), column()], vec![]).1, [-1.0, 0.0, 1.0, 1.0, 2.0, 3.0]);
    assert_eq!(result("Add", &[column(), floats(&[2], &[0.5, 1.5])], vec![]).1, [1.5, 2.5, 2.5, 3.5]);
    assert_eq!(result("Mul", &[column(), floats(&[], &[3.0])], vec![]), (vec![2, 1], vec![3.0, 6.0]));
    assert_eq!(result("Div", &[list(&[-7, 7]), list(&[2])], vec![]).1, [-3.0, 3.0]);
    assert_eq!(result("Div", &[floats(&[1], &[7.0]), floats(&[1], &[2.0])], vec![]).1, [3.5]);
    let cast = fold("Cast", &[floats(&[2], &[1.9, -1.9])], vec![Attribute::new("to", Value::Integer(7))]).unwrap();
    assert!(cast.whole && cast.values == [1.0, -1.0]);
}

#[test]
fn constant_nodes_have_one_of_several_values() {
    let float = vec![Attribute { name: "value_floats".into(), floats: vec![1.0, 2.0], ..Attribute::default() }];
    assert_eq!(result("Constant", &[], float), (vec![2], vec![1.0, 2.0]));
    assert_eq!(result("Constant", &[], numbers("value_ints", &[-1, 784])), (vec![2], vec![-1.0, 784.0]));
    let single = |name: &str, value| result("Constant", &[], vec![Attribute::new(name, value)]);
    assert_eq!(single("value_float", Value::Float(0.5)), (vec![], vec![0.5]));
    assert_eq!(single("value_int", Value::Integer(3)), (vec![], vec![3.0]));
    let tensor = Value::Tensor(Box::new(Tensor::new("", &[1, 2], [1.0, 2.0])));
    assert_eq!(single("value", tensor), (vec![1, 2], vec![1.0, 2.0]));
    let text = vec![Attribute { name: "value_string".into(), ..Attribute::default() }];
    assert!(error("Constant", &[], text).contains("value_string is no number"));
}

#[test]
fn what_cannot_be_computed_is_refused() {
    for (operator, inputs, attributes, part) in [
        ("Transpose", vec![six()], numbers("perm", &[0, 0]), "no order of 2"),
        ("Reshape", vec![six(), list(&[4, -1])], vec![], "no shape [4, 1]"),
        ("Reshape", vec![six(), list(&[0, 0, 0])], vec![], "no size to keep"),
        ("Concat", vec![six(), floats(&[1], &[1.0])], along(0), "shapes of the parts differ"),
        ("Gather", vec![six(), list(&[2])], along(0), "no dimension 2 of 2"),
        ("Slice", vec![six(), list(&[2]), list(&[1])], vec![], "it is empty"),
        ("Add", vec![six(), floats(&[2], &[1.0, 2.0])], vec![], "do not go together"),
        ("Add", vec![six(), None], vec![], "an input is missing"),
        ("Add", vec![floats(&[0, usize::MAX, 2], &[]), six()], vec![], "an input is empty"),
        ("Flatten", vec![six()], along(3), "no dimension 3"),
        ("Unsqueeze", vec![six(), list(&[1; 99])], vec![], "more than 16 dimensions"),
        ("RandomNormal", vec![], vec![], "not computed"),
    ] {
        let found = error(operator, &inputs, attributes);
        assert!(found.contains(part), "{operator}: {found}");
    }
    let other = Node { operator: "Add".into(), domain: "com.example".into(), ..Node::default() };
    assert!(Folder::default().fold(&other, &[]).is_err());
}

#[test]
fn a_small_file_cannot_compute_large_constants() {
    for (operator, inputs) in [
        ("Expand", [six(), list(&[1 << 40, 2, 3])]),
        ("Expand", [six(), list(&[i64::MAX, i64::MAX, 2, 3])]),
        ("ConstantOfShape", [list(&[1 << 40]), None]),
        ("Add", [floats(&[1, 100], &[0.0; 100]), floats(&[100, 1], &[0.0; 100])]),
    ] {
        assert!(error(operator, &inputs, vec![]).contains("more is computed"), "{operator}");
    }
    // Doubling again and again.
    let mut folder = Folder::default();
    let mut constant = folder.stored(Constant::list([1]));
    let concat = Node { operator: "Concat".into(), ..Node::default() };
    while let Ok(doubled) = folder.fold(&concat, &[Some(constant.clone()), Some(constant.clone())]) {
        constant = doubled;
    }
    assert!(constant.values.len() < 100, "{}", constant.values.len());
}
