//! Operators whose inputs are all constants: their results are constants, too.
//!
//! Exporters store weights transposed, in another precision or in pieces, and compute shapes in the graph. What is
//! computed here before the layers are read looks to the reader like a constant that the file stores.

use std::rc::Rc;

use anyhow::{Context, Result, bail, ensure};

use super::constant::{Constant, axis, common};
use super::messages::{Node, Value, standard};
use super::tensor::number;

/// Most dimensions of a constant.
const MOST_DIMENSIONS: usize = 16;

/// The inputs of a node; `None` for an optional one that is left out.
type Inputs<'a> = [Option<Rc<Constant>>];

/// Evaluates operators, up to a number of elements: a small file could else ask for any amount of memory.
#[derive(Default)]
pub struct Folder {
    /// Number of elements that may still be computed.
    room: usize,
}

impl Folder {
    /// The constant of a file, which makes room for as many results as exporters compute from one.
    pub fn stored(&mut self, constant: Constant) -> Rc<Constant> {
        self.room = self.room.saturating_add(4 * constant.values.len() + 64);
        Rc::new(constant)
    }

    /// The first output of `node`. Fails if it is not computed here.
    pub fn fold(&mut self, node: &Node, inputs: &Inputs<'_>) -> Result<Rc<Constant>> {
        ensure!(standard(&node.domain), "not a standard operator");
        if node.operator == "Constant" {
            return Ok(self.stored(value(node)?));
        }
        let input = |place: usize| inputs.get(place).and_then(Option::as_deref).context("an input is missing");
        let first = || input(0);
        for dims in inputs.iter().flatten().map(|input| &input.dims[..]) {
            ensure!(dims.len() <= MOST_DIMENSIONS, "more than {MOST_DIMENSIONS} dimensions");
            // The other sizes of an empty constant could be of any product. An empty list is the shape of a scalar.
            ensure!(!dims.contains(&0) || dims == [0], "an input is empty");
        }
        let second = || input(1)?.integers();
        let axes = || second().ok().or_else(|| node.integers("axes").map(<[i64]>::to_vec));
        let result = match node.operator.as_str() {
            "Cast" => self.cast(first()?, number(i32::try_from(node.integer("to", 0)?)?).context("no number")?.1)?,
            "CastLike" => self.cast(first()?, input(1)?.whole)?,
            "Shape" => Constant::list(first()?.dims.iter().map(|&size| size as i64)),
            "Transpose" => self.transpose(first()?, node.integers("perm"))?,
            "Reshape" => self.shaped(first()?, reshape(&first()?.dims, &second()?)?)?,
            "Flatten" => self.shaped(first()?, flatten(&first()?.dims, node.integer("axis", 1)?)?)?,
            "Squeeze" => self.shaped(first()?, squeeze(&first()?.dims, axes())?)?,
            "Unsqueeze" => self.shaped(first()?, unsqueeze(&first()?.dims, &axes().context("no axes")?)?)?,
            "Concat" => self.concat(inputs, node.integer("axis", 0)?)?,
            "Gather" => self.gather(first()?, input(1)?, node.integer("axis", 0)?)?,
            "Slice" => self.slice(first()?, node, inputs)?,
            "Expand" => self.expand(first()?, &second()?)?,
            "ConstantOfShape" => self.filled(node, &first()?.integers()?)?,
            "Add" | "Sub" | "Mul" | "Div" => self.arithmetic(&node.operator, first()?, input(1)?)?,
            _ => bail!("not computed before the graph runs"),
        };
        Ok(Rc::new(result))
    }

    /// Takes the room of a result.
    fn take(&mut self, dims: &[usize]) -> Result<()> {
        ensure!(dims.len() <= MOST_DIMENSIONS, "more than {MOST_DIMENSIONS} dimensions");
        let count = dims.iter().try_fold(1_usize, |product, &size| product.checked_mul(size));
        ensure!(count != Some(0), "it is empty");
        let left = count.and_then(|count| self.room.checked_sub(count));
        self.room = left.context("more is computed from the constants than the graph of a network needs")?;
        Ok(())
    }

    fn cast(&mut self, from: &Constant, whole: bool) -> Result<Constant> {
        self.take(&from.dims)?;
        let cast = |&value: &f64| if whole { value.trunc() } else { value };
        Ok(Constant { values: from.values.iter().map(cast).collect(), dims: from.dims.clone(), whole })
    }

    fn transpose(&mut self, from: &Constant, order: Option<&[i64]>) -> Result<Constant> {
        let rank = from.dims.len();
        let order: Vec<usize> = match order {
            None => (0..rank).rev().collect(),
            Some(order) => order.iter().map(|&place| axis(place, rank)).collect::<Result<_>>()?,
        };
        ensure!(order.len() == rank && (0..rank).all(|place| order.contains(&place)), "no order of {rank} dimensions");
        self.take(&from.dims)?;
        Ok(from.transposed(&order))
    }

    /// The same elements in another shape.
    fn shaped(&mut self, from: &Constant, dims: Vec<usize>) -> Result<Constant> {
        self.take(&dims)?;
        let fits = dims.iter().product::<usize>() == from.values.len();
        ensure!(fits, "a constant of shape {:?} has no shape {dims:?}", from.dims);
        Ok(Constant { dims, ..from.clone() })
    }

    fn concat(&mut self, inputs: &Inputs<'_>, along: i64) -> Result<Constant> {
        let parts: Vec<&Constant> = inputs.iter().flatten().map(Rc::as_ref).collect();
        let mut dims = parts.first().context("nothing to join")?.dims.clone();
        let along = axis(along, dims.len())?;
        let around = |dims: &[usize]| [&dims[..along], &dims[along + 1..]].concat();
        let alike = |part: &&Constant| part.dims.len() == dims.len() && around(&part.dims) == around(&dims);
        ensure!(parts.iter().all(alike), "the shapes of the parts differ");
        dims[along] = parts.iter().map(|part| part.dims[along]).sum();
        self.take(&dims)?;
        let mut values = Vec::new();
        for outer in 0..dims[..along].iter().product() {
            for part in &parts {
                let size: usize = part.dims[along..].iter().product();
                values.extend_from_slice(&part.values[outer * size..][..size]);
            }
        }
        Ok(Constant { dims, values, whole: parts[0].whole })
    }

    fn gather(&mut self, from: &Constant, places: &Constant, along: i64) -> Result<Constant> {
        let along = axis(along, from.dims.len())?;
        let size = from.dims[along];
        let dims = [&from.dims[..along], &places.dims, &from.dims[along + 1..]].concat();
        self.take(&dims)?;
        let places: Vec<usize> =
            places.integers()?.into_iter().map(|place| axis(place, size)).collect::<Result<_>>()?;
        let inner: usize = from.dims[along + 1..].iter().product();
        let mut values = Vec::new();
        for outer in 0..from.dims[..along].iter().product() {
            for place in &places {
                values.extend_from_slice(&from.values[(outer * size + place) * inner..][..inner]);
            }
        }
        Ok(Constant { dims, values, whole: from.whole })
    }

    /// The part of a constant from `starts` up to `ends` along `axes`.
    fn slice(&mut self, from: &Constant, node: &Node, inputs: &Inputs<'_>) -> Result<Constant> {
        let list = |place: usize, name: &str| match inputs.get(place).and_then(Option::as_deref) {
            Some(input) => input.integers().map(Some),
            None => Ok(node.integers(name).map(<[i64]>::to_vec)),
        };
        let starts = list(1, "starts")?.context("no starts")?;
        let ends = list(2, "ends")?.context("no ends")?;
        let axes = list(3, "axes")?.unwrap_or_else(|| (0..starts.len() as i64).collect());
        ensure!(list(4, "steps")?.is_none_or(|steps| steps.iter().all(|&step| step == 1)), "steps other than 1");
        ensure!(starts.len() == ends.len() && starts.len() == axes.len(), "starts, ends and axes differ in number");
        let (strides, mut dims, mut offset) = (from.strides(), from.dims.clone(), 0);
        for ((start, end), along) in starts.into_iter().zip(ends).zip(axes) {
            let along = axis(along, dims.len())?;
            let size = from.dims[along] as i64;
            let clamp = |place: i64| (if place < 0 { place.saturating_add(size) } else { place }).clamp(0, size);
            ensure!(clamp(start) < clamp(end), "it is empty");
            dims[along] = (clamp(end) - clamp(start)) as usize;
            offset += clamp(start) as usize * strides[along];
        }
        self.take(&dims)?;
        Ok(from.view(&dims, &strides, offset))
    }

    fn expand(&mut self, from: &Constant, dims: &[i64]) -> Result<Constant> {
        let dims = common(&from.dims, &sizes(dims)?)?;
        self.take(&dims)?;
        Ok(from.repeated(&dims))
    }

    fn filled(&mut self, node: &Node, dims: &[i64]) -> Result<Constant> {
        let dims = sizes(dims)?;
        self.take(&dims)?;
        let one = match node.attribute("value")? {
            Some(Value::Tensor(one)) => one.constant()?.context("no number")?,
            _ => Constant { dims: vec![1], values: vec![0.0], whole: false },
        };
        ensure!(one.values.len() == 1, "expected one value to fill it with");
        Ok(Constant { values: vec![one.values[0]; dims.iter().product()], dims, whole: one.whole })
    }

    fn arithmetic(&mut self, operator: &str, one: &Constant, other: &Constant) -> Result<Constant> {
        let whole = one.whole && other.whole;
        let combine = |(one, other): (&f64, &f64)| match operator {
            "Add" => one + other,
            "Sub" => one - other,
            "Mul" => one * other,
            _ if whole => (one / other).trunc(),
            _ => one / other,
        };
        let dims = common(&one.dims, &other.dims)?;
        self.take(&dims)?;
        let (one, other) = (one.repeated(&dims), other.repeated(&dims));
        Ok(Constant { dims, values: one.values.iter().zip(&other.values).map(combine).collect(), whole })
    }
}

/// The value of a Constant node, which has one of several attributes.
fn value(node: &Node) -> Result<Constant> {
    let float = |dims: Vec<usize>, values: &[f32]| {
        let values = values.iter().copied().map(f64::from).collect();
        Constant { dims, values, whole: false }
    };
    let [attribute] = &node.attributes[..] else { bail!("expected one value") };
    Ok(match (attribute.name.as_str(), &attribute.value) {
        ("value", Some(Value::Tensor(tensor))) => tensor.constant()?.context("its elements are no numbers")?,
        ("value_float", Some(Value::Float(value))) => float(vec![], &[*value]),
        ("value_int", Some(Value::Integer(value))) => Constant { dims: vec![], ..Constant::list([*value]) },
        ("value_floats", _) => float(vec![attribute.floats.len()], &attribute.floats),
        ("value_ints", _) => Constant::list(attribute.integers.iter().copied()),
        (name, _) => bail!("{name} is no number"),
    })
}

fn sizes(dims: &[i64]) -> Result<Vec<usize>> {
    Ok(dims.iter().map(|&size| usize::try_from(size)).collect::<Result<_, _>>()?)
}

/// The shape `wanted`, in which 0 keeps a size and -1 is what is left.
fn reshape(dims: &[usize], wanted: &[i64]) -> Result<Vec<usize>> {
    let size = |(place, &size): (usize, &i64)| match size {
        -1 => Ok(1),
        0 => dims.get(place).copied().context("there is no size to keep"),
        _ => Ok(usize::try_from(size)?),
    };
    let mut sizes: Vec<usize> = wanted.iter().enumerate().map(size).collect::<Result<_>>()?;
    if let Some(place) = wanted.iter().position(|&size| size == -1) {
        let known = sizes.iter().try_fold(1_usize, |product, &size| product.checked_mul(size));
        let known = known.filter(|&known| known > 0).context("the size that is left is not known")?;
        sizes[place] = dims.iter().product::<usize>() / known;
    }
    Ok(sizes)
}

fn flatten(dims: &[usize], before: i64) -> Result<Vec<usize>> {
    let before = axis(before, dims.len() + 1)?;
    Ok(vec![dims[..before].iter().product(), dims[before..].iter().product()])
}

/// `dims` without the sizes of 1 at `axes`, by default without any.
fn squeeze(dims: &[usize], axes: Option<Vec<i64>>) -> Result<Vec<usize>> {
    let axes: Option<Vec<usize>> =
        axes.map(|axes| axes.iter().map(|&place| axis(place, dims.len())).collect()).transpose()?;
    let kept =
        |&(place, &size): &(usize, &usize)| size != 1 || axes.as_ref().is_some_and(|axes| !axes.contains(&place));
    Ok(dims.iter().enumerate().filter(kept).map(|(_, &size)| size).collect())
}

/// `dims` with sizes of 1 at the places `axes` of the result.
fn unsqueeze(dims: &[usize], axes: &[i64]) -> Result<Vec<usize>> {
    let rank = dims.len() + axes.len();
    ensure!(rank <= MOST_DIMENSIONS, "more than {MOST_DIMENSIONS} dimensions");
    let axes: Vec<usize> = axes.iter().map(|&place| axis(place, rank)).collect::<Result<_>>()?;
    let mut rest = dims.iter().copied();
    Ok((0..rank).filter_map(|place| if axes.contains(&place) { Some(1) } else { rest.next() }).collect())
}

#[cfg(test)]
mod tests;
