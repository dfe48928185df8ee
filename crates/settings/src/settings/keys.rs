//! Conversion between TOML and dotted keys.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

/// Deepest nesting of tables and arrays. Known keys have at most three parts, and their values are at most
/// arrays of numbers.
const DEEPEST: usize = 8;

pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a string",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "an array",
        Value::Table(_) => "a table",
    }
}

/// `text` as a TOML value; a bare word is a string.
pub(super) fn parse_value(text: &str) -> Value {
    let parsed = parse(&format!("value = {text}")).ok().map(|(table, _)| table);
    // If the text has a second line, it must not set another key.
    let only = parsed.filter(|table| table.len() == 1).and_then(|mut table| table.remove("value"));
    only.unwrap_or_else(|| Value::String(text.to_owned()))
}

/// The table in `text` and the offset of each key, or the offset and message of the first error.
pub(super) fn parse(text: &str) -> Result<(Table, BTreeMap<String, usize>), (usize, String)> {
    let syntax = |error: toml::de::Error| (error.span().map_or(0, |span| span.start), error.message().to_owned());
    let offsets = key_offsets(DeTable::parse(text).map_err(syntax)?.into_inner())
        .map_err(|offset| (offset, format!("tables or arrays are nested deeper than {DEEPEST} levels")))?;
    Ok((text.parse().map_err(syntax)?, offsets))
}

pub(super) fn flatten(table: &Table, prefix: &str, leaf: &mut impl FnMut(String, &Value)) {
    for (name, value) in table {
        let key = join(prefix, name);
        match value {
            Value::Table(inner) => flatten(inner, &key, leaf),
            value => leaf(key, value),
        }
    }
}

/// The offset of each key, or as an error that of a key nested too deep.
///
/// The table is taken apart without recursion. Dotted keys in inline tables can reach a depth of thousands, at which a
/// recursive visitor or the table's own destructor would overflow the stack.
fn key_offsets(table: DeTable<'_>) -> Result<BTreeMap<String, usize>, usize> {
    let mut offsets = BTreeMap::new();
    let mut too_deep = None;
    let mut pending = vec![(String::new(), 0, 0, DeValue::Table(table))];
    while let Some((prefix, depth, offset, value)) = pending.pop() {
        if depth > DEEPEST {
            too_deep = Some(offset);
        }
        match value {
            DeValue::Table(inner) => pending.extend(inner.into_iter().map(|(name, value)| {
                let offset = Spanned::span(&name).start;
                let key = if depth < DEEPEST { join(&prefix, name.get_ref()) } else { String::new() };
                offsets.insert(key.clone(), offset);
                (key, depth + 1, offset, value.into_inner())
            })),
            DeValue::Array(inner) => {
                pending.extend(inner.into_iter().map(|value| (prefix.clone(), depth + 1, offset, value.into_inner())));
            }
            _ => {}
        }
    }
    too_deep.map_or(Ok(offsets), Err)
}

fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}

pub(super) fn insert_path(table: &mut Table, key: &str, value: Value) {
    match key.split_once('.') {
        None => {
            table.insert(key.to_owned(), value);
        }
        Some((head, rest)) => {
            let inner = table.entry(head).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(inner) = inner {
                insert_path(inner, rest, value);
            }
        }
    }
}
