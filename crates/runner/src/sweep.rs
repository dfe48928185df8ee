//! What a sweep trains: the combinations of the values that a file lists.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use mlp_settings::Settings;
use mlp_settings::config::Config;

/// Most runs of a sweep.
const MOST: usize = 100_000;

/// A run of a sweep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SweepRun {
    /// Name of its directory: what sets it apart from the others.
    pub name: String,
    /// Its settings that differ from the defaults, as `key=value`.
    pub assignments: Vec<String>,
}

/// The runs of a sweep file: settings as in any configuration file, but with a list where a setting takes several values.
/// A setting that is a list itself takes a list of lists.
///
/// # Errors
///
/// If the text is no TOML, a list is empty, or there are too many combinations.
pub fn runs(text: &str, file: &Path) -> Result<Vec<SweepRun>> {
    let table: toml::Table = toml::from_str(text).with_context(|| file.display().to_string())?;
    let mut settings = Vec::new();
    flatten("", &toml::Value::Table(table), &mut settings);
    let mut runs = vec![SweepRun { name: String::new(), assignments: Vec::new() }];
    for (key, value) in settings {
        let values = values(&key, &value);
        let shown = file.display();
        ensure!(!values.is_empty(), "{shown}: {key}: expected at least one value, found none");
        ensure!(runs.len() * values.len() <= MOST, "{shown}: more than {MOST} runs");
        let several = values.len() > 1;
        let with = |run: &SweepRun, value: &toml::Value| {
            let mut run = run.clone();
            run.assignments.push(format!("{key}={value}"));
            if several {
                let separator = if run.name.is_empty() { "" } else { "," };
                run.name += &format!("{separator}{}", portable(&format!("{key}={value}")));
            }
            run
        };
        runs = runs.iter().flat_map(|run| values.iter().map(move |value| with(run, value))).collect();
    }
    for run in &mut runs {
        if run.name.is_empty() {
            run.name = "run".to_owned();
        }
    }
    Ok(runs)
}

/// Every setting of a table, by its whole key.
fn flatten(prefix: &str, value: &toml::Value, settings: &mut Vec<(String, toml::Value)>) {
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table {
                let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                flatten(&key, value, settings);
            }
        }
        value => settings.push((prefix.to_owned(), value.clone())),
    }
}

/// The values that a setting takes.
fn values(key: &str, value: &toml::Value) -> Vec<toml::Value> {
    let is_list = Settings::defaults::<Config>().values().any(|(known, value)| known == key && value.starts_with('['));
    match value {
        toml::Value::Array(values) if !is_list => values.clone(),
        toml::Value::Array(values) if values.first().is_some_and(toml::Value::is_array) => values.clone(),
        value => vec![value.clone()],
    }
}

/// `text` as a part of a file's name on every system.
fn portable(text: &str) -> String {
    let kept = |character: char| character.is_ascii_alphanumeric() || "._-=+".contains(character);
    text.chars().filter(|&character| character != ' ').map(|c| if kept(c) { c } else { '-' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_values_are_combined_and_settings_that_are_lists_are_not_taken_apart() {
        let text =
            "model.hidden = [[64], [256, 256]]\nmodel.dropout = []\ntraining.seed = [1, 2]\ntraining.epochs = 3\n";
        let runs = runs(text, Path::new("sweep.toml")).unwrap();
        let names: Vec<&str> = runs.iter().map(|run| run.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "model.hidden=-64-,training.seed=1",
                "model.hidden=-64-,training.seed=2",
                "model.hidden=-256-256-,training.seed=1",
                "model.hidden=-256-256-,training.seed=2"
            ]
        );
        assert!(runs.iter().all(|run| run.assignments.contains(&"model.dropout=[]".to_owned())));
        assert!(runs[2].assignments.contains(&"model.hidden=[256, 256]".to_owned()));
    }

    #[test]
    fn a_file_without_lists_is_one_run_and_an_empty_list_is_refused() {
        let one = |text: &str| runs(text, Path::new("sweep.toml"));
        assert_eq!(one("training.epochs = 3").unwrap().len(), 1);
        let error = one("training.seed = []").unwrap_err().to_string();
        assert!(error.contains("sweep.toml: training.seed"), "{error}");
    }
}
