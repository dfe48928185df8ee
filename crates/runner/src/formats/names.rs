//! Which module of a file is which layer of a network, when programs name and number modules as they like.
//!
//! The order of names that differ in a number, such as `0` and `2` or `fc1` and `fc2`, is clear. Where names differ in
//! a word, such as `hidden` and `output`, the shapes of the weights decide, if they leave one order only.

use std::collections::BTreeMap;

use anyhow::{Result, bail, ensure};
use burn_mlp_train::parameters::Tensors;

/// Most names in an error.
const MOST_SHOWN: usize = 16;

/// What the tensors of a module are the weights of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// A linear map: `weight`, and maybe `bias`.
    Linear,
    /// Batch normalization: `running_mean`, `running_var`, and maybe `weight` and `bias`.
    Norm,
    /// A parametric ReLU: `weight`.
    Slope,
}

impl Role {
    /// The kind of module, in the singular.
    fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear map",
            Self::Norm => "batch normalization",
            Self::Slope => "parametric ReLU",
        }
    }
}

/// A module with weights.
#[derive(Clone, Debug)]
pub struct Module {
    /// Its name, which is that of its tensors up to the last dot.
    pub path: String,
    /// What it is.
    pub role: Role,
    /// Its tensors by the last part of their names.
    pub tensors: Tensors,
    tokens: Vec<Token>,
}

/// A part of a name. Numbers are compared as numbers: 10 comes after 9.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Token {
    Number(u64),
    Word(String),
}

impl Module {
    fn shape(&self) -> &[usize] {
        let tensor = self.tensors.get("weight").or_else(|| self.tensors.get("running_mean"));
        tensor.map_or(&[], |data| data.shape.as_slice())
    }

    /// Name of one of the tensors.
    pub fn name(&self, field: &str) -> String {
        if self.path.is_empty() { field.to_owned() } else { format!("{}.{field}", self.path) }
    }
}

/// The modules of `state`, by name.
///
/// # Errors
///
/// If the tensors of a module are not those of a linear map, a batch normalization or a parametric ReLU.
pub fn modules(state: Tensors) -> Result<Vec<Module>> {
    let mut grouped: BTreeMap<String, Tensors> = BTreeMap::new();
    for (name, data) in state {
        let (path, field) = name.rsplit_once('.').unwrap_or(("", &name));
        grouped.entry(path.to_owned()).or_default().insert(field.to_owned(), data);
    }
    let module = |(path, tensors): (String, Tensors)| {
        let role = role(&path, &tensors)?;
        Ok(Module { tokens: tokens(&path), path, role, tensors })
    };
    let mut modules: Vec<Module> = grouped.into_iter().map(module).collect::<Result<_>>()?;
    modules.sort_by(|one, other| one.tokens.cmp(&other.tokens));
    Ok(modules)
}

fn role(path: &str, tensors: &Tensors) -> Result<Role> {
    let (role, fields): (_, &[&str]) = match tensors.get("weight").map(|data| data.shape.len()) {
        _ if tensors.contains_key("running_mean") && tensors.contains_key("running_var") => {
            (Role::Norm, &["weight", "bias", "running_mean", "running_var"])
        }
        Some(2) => (Role::Linear, &["weight", "bias"]),
        Some(_) if !tensors.contains_key("bias") => (Role::Slope, &["weight"]),
        // No kind of module: whichever tensor comes first is refused.
        _ => (Role::Norm, &[]),
    };
    if let Some(field) = tensors.keys().find(|field| !fields.contains(&field.as_str())) {
        let shapes: Vec<String> =
            tensors.iter().map(|(field, data)| format!("{field} {:?}", data.shape.as_slice())).collect();
        bail!(
            "tensor {path}{}{field} belongs to no layer of this network: expected modules with `weight` and maybe \
             `bias` (linear map), with `running_mean` and `running_var` too (batch normalization), or with a single \
             `weight` (parametric ReLU); found {}",
            if path.is_empty() { "" } else { "." },
            shapes.join(", ")
        );
    }
    Ok(role)
}

/// The modules in the order of the network, whose modules are `expected`, with notes on what had to be assumed.
///
/// # Errors
///
/// If there are more or fewer of one kind than expected, the names and shapes leave several orders, or they contradict
/// each other or the order of the layers.
pub fn ordered(found: Vec<Module>, expected: &[Module]) -> Result<(Vec<Module>, Vec<String>)> {
    let mut by_role = BTreeMap::new();
    for role in [Role::Linear, Role::Norm, Role::Slope] {
        let of = |modules: &[Module]| -> Vec<Module> {
            modules.iter().filter(|module| module.role == role).cloned().collect()
        };
        let (of_file, of_network) = (of(&found), of(expected));
        ensure!(
            of_file.len() == of_network.len(),
            "expected {} layers with weights, found {}: {}. The configuration has {} × {}, the file {}",
            expected.len(),
            found.len(),
            paths(&found),
            of_network.len(),
            role.name(),
            of_file.len()
        );
        by_role.insert(role, in_order(of_file, &of_network)?.into_iter());
    }
    let next = |module: &Module| by_role.get_mut(&module.role).and_then(Iterator::next);
    let modules: Vec<Module> = expected.iter().filter_map(next).collect();
    let notes = check(&modules)?;
    Ok((modules, notes))
}

/// Modules of one kind, sorted by name, in the order of the network's.
fn in_order(mut found: Vec<Module>, expected: &[Module]) -> Result<Vec<Module>> {
    if found.is_sorted_by(is_before) {
        return Ok(found);
    }
    let mut modules = Vec::with_capacity(found.len());
    for wanted in expected {
        let alike: Vec<usize> = (0..found.len()).filter(|&at| found[at].shape() == wanted.shape()).collect();
        let &[first, ..] = &alike[..] else {
            bail!(
                "expected a {} of shape {:?}, as {} of a torch.nn.Sequential has; found {}",
                wanted.role.name(),
                wanted.shape(),
                wanted.name("weight"),
                shapes(&found)
            );
        };
        let alike: Vec<&Module> = alike.iter().map(|&at| &found[at]).collect();
        ensure!(
            alike.is_sorted_by(|one, other| is_before(one, other)),
            "the names do not say in which order these come: {}; expected names that differ in a number, such as \
             0.weight and 2.weight of a torch.nn.Sequential, or fc1.weight and fc2.weight",
            shapes(alike.iter().copied())
        );
        modules.push(found.remove(first));
    }
    Ok(modules)
}

/// Checks that names do not contradict the order of the modules.
fn check(modules: &[Module]) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    for (place, one) in modules.iter().enumerate() {
        if let Some(other) = modules[place + 1..].iter().find(|other| is_before(other, one)) {
            bail!("{} comes before {} by name, but after it in this network", other.name("weight"), one.name("weight"));
        }
    }
    for pair in modules.windows(2) {
        let [one, other] = pair else { continue };
        let step = step(one, other);
        match (other.role, step) {
            (Role::Norm, Step::Next) => {}
            (Role::Norm, Step::Unknown) => notes.push(format!(
                "the names {} and {} do not say what lies between: taken as a linear map and its batch \
                 normalization, before the activation",
                one.path, other.path
            )),
            (Role::Norm, Step::Further) => bail!(
                "expected batch normalization directly after its linear map, before the activation; between {} and {} \
                 there is room for another layer. An ONNX file tells which: torch.onnx.export",
                one.path,
                other.path
            ),
            (Role::Linear, Step::Next) if one.role != Role::Slope => notes.push(format!(
                "{} directly follows {}: taken as layers of a torch.nn.ModuleList, with the activation of the \
                 configuration between them",
                other.path, one.path
            )),
            _ => {}
        }
    }
    // The other layers are most likely named alike.
    notes.truncate(1);
    Ok(notes)
}

/// How far apart two modules are by name.
#[derive(PartialEq)]
enum Step {
    /// They are neighbours in the same list.
    Next,
    /// There may be others between.
    Further,
    /// They differ in a word.
    Unknown,
}

fn step(one: &Module, other: &Module) -> Step {
    // List and number: `net` and 3 of `net.3`.
    let place = |path: &str| {
        let (list, number) = path.rsplit_once('.').unwrap_or(("", path));
        Some((list.to_owned(), number.parse::<u64>().ok()?))
    };
    match (place(&one.path), place(&other.path)) {
        (Some(one), Some(other)) if one.0 == other.0 && one.1.checked_add(1) == Some(other.1) => Step::Next,
        _ if is_before(one, other) => Step::Further,
        _ => Step::Unknown,
    }
}

/// Whether a number in the names says that one module comes before the other.
fn is_before(one: &Module, other: &Module) -> bool {
    let first = one.tokens.iter().zip(&other.tokens).find(|(one, other)| one != other);
    matches!(first, Some((Token::Number(one), Token::Number(other))) if one < other)
}

fn tokens(path: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    for run in path.as_bytes().chunk_by(|one, other| one.is_ascii_digit() == other.is_ascii_digit()) {
        let word = String::from_utf8_lossy(run).into_owned();
        tokens.push(word.parse().map_or(Token::Word(word), Token::Number));
    }
    tokens
}

fn paths(modules: &[Module]) -> String {
    list(modules.iter().map(|module| module.path.clone()))
}

fn shapes<'a>(modules: impl IntoIterator<Item = &'a Module>) -> String {
    list(modules.into_iter().map(|module| format!("{} {:?}", module.name("weight"), module.shape())))
}

/// The first names, separated by commas.
fn list(names: impl Iterator<Item = String>) -> String {
    let names: Vec<String> = names.collect();
    let shown = names.iter().take(MOST_SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    if names.len() > MOST_SHOWN { format!("{shown} and {} more", names.len() - MOST_SHOWN) } else { shown }
}

#[cfg(test)]
mod tests;
