//! The index of the texts, `texts.toml`: every listing, formula and figure with what stands for it here. The page
//! `results/TEXTS.md` is made from it, and no entry may point nowhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde::de::{Deserialize, Deserializer};
use serde_json::Value;

use crate::platform::test::TestPlatform;
use crate::{registry, thresholds};

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Index {
    may_be_open: bool,
    /// What each text is about, by number.
    texts: BTreeMap<String, String>,
    entry: Vec<Entry>,
}

#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Entry {
    /// Number of the text, and section.
    at: String,
    listing: Option<String>,
    formula: Option<String>,
    figure: Option<String>,
    output: Option<String>,
    says: Option<String>,
    claim: Targets,
    check: Targets,
    picture: Targets,
    test: Targets,
    code: Targets,
    open: Targets,
}

/// One string, or several.
#[derive(Default)]
struct Targets(Vec<String>);

impl<'de> Deserialize<'de> for Targets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(untagged)]
        enum Written {
            One(String),
            Several(Vec<String>),
        }
        Ok(Self(match Written::deserialize(deserializer)? {
            Written::One(target) => vec![target],
            Written::Several(targets) => targets,
        }))
    }
}

impl Entry {
    /// The text and its section.
    fn place(&self) -> (&str, &str) {
        self.at.split_once(' ').unwrap_or_default()
    }

    /// What it is, and what about: exactly one.
    fn subject(&self) -> Option<(&str, &str)> {
        let kinds = [
            ("listing", &self.listing),
            ("formula", &self.formula),
            ("figure", &self.figure),
            ("output", &self.output),
            ("statement", &self.says),
        ];
        let mut written = kinds.into_iter().filter_map(|(kind, what)| Some((kind, what.as_deref()?)));
        written.next().filter(|_| written.next().is_none())
    }

    /// All that stands for it, with the name of its key.
    fn targets(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let keys = [
            ("claim", &self.claim),
            ("check", &self.check),
            ("picture", &self.picture),
            ("test", &self.test),
            ("code", &self.code),
            ("open", &self.open),
        ];
        keys.into_iter().flat_map(|(key, targets)| targets.0.iter().map(move |target| (key, target.as_str())))
    }
}

/// What entries may point to.
struct Known {
    root: PathBuf,
    /// "experiment: sentence"
    claims: BTreeSet<String>,
    /// "experiment/name"
    pictures: BTreeSet<String>,
    /// Folders of crates by their names in Rust.
    crates: BTreeMap<String, PathBuf>,
}

impl Known {
    fn read() -> Self {
        let lab = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = lab.join("../..");
        let record: Value = serde_json::from_str(&read(&lab.join("results/claims.json"))).unwrap();
        // "experiment" and what one of its findings is named by.
        let recorded = |list: &'static str, name: &'static str, between: &'static str| {
            let experiments = record["experiments"].as_array().into_iter().flatten();
            experiments.flat_map(move |entry| {
                let findings = entry["finding"][list].as_array().into_iter().flatten();
                findings.map(move |finding| {
                    [&entry["name"], &finding[name]].map(|text| text.as_str().unwrap()).join(between)
                })
            })
        };
        let experiments = registry::<TestPlatform>();
        let listed = experiments.iter().flat_map(|experiment| {
            thresholds::sentences(experiment.name).map(|sentence| format!("{}: {sentence}", experiment.name))
        });
        let crates = fs::read_dir(root.join("crates")).unwrap().map(|entry| {
            let folder = entry.unwrap().path();
            let manifest: toml::Table = toml::from_str(&read(&folder.join("Cargo.toml"))).unwrap();
            (manifest["package"]["name"].as_str().unwrap().replace('-', "_"), folder.join("src"))
        });
        Self {
            claims: recorded("claims", "sentence", ": ").chain(listed).collect(),
            pictures: recorded("figures", "name", "/").collect(),
            crates: crates.chain([("tests".to_owned(), root.join("tests"))]).collect(),
            root,
        }
    }

    fn has(&self, key: &str, target: &str) -> bool {
        match key {
            "claim" | "check" => self.claims.contains(target),
            "picture" => self.pictures.contains(target) || self.draws(target),
            "test" => self.test_file(target).is_some(),
            "code" => self.declares(target),
            _ => true,
        }
    }

    /// Whether the experiment's sources draw a picture of that name.
    fn draws(&self, target: &str) -> bool {
        let (experiment, name) = target.split_once('/').unwrap_or_default();
        let module = self.crates["mlp_lab"].join("experiments").join(experiment.replace('-', "_"));
        let mut files = [module.with_extension("rs"), module].into_iter().flat_map(files);
        files.any(|file| squeezed(&read(&file)).contains(&format!(".picture(\"{name}\"")))
    }

    /// The file of "crate::module::test", from the root.
    fn test_file(&self, target: &str) -> Option<PathBuf> {
        let parts: Vec<&str> = target.split("::").collect();
        let [of_crate, modules @ .., name] = &parts[..] else { return None };
        let module = modules.iter().fold(self.crates.get(*of_crate)?.clone(), |path, part| path.join(part));
        let files = [module.with_extension("rs"), module.join("mod.rs"), module.join("tests.rs")];
        files.into_iter().find(|file| squeezed(&read(file)).contains(&format!("#[test]fn{name}(")))
    }

    /// Whether the file of "path: item" exists and declares the item.
    fn declares(&self, target: &str) -> bool {
        let (path, item) = target.split_once(": ").unwrap_or((target, ""));
        let text = read(&self.root.join(path));
        let declared = ["fn", "struct", "enum", "trait", "type", "const"].iter().any(|keyword| {
            let declaration = format!("{keyword} {item}");
            let ends =
                |at: usize| !text[at + declaration.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_');
            text.match_indices(&declaration).any(|(at, _)| ends(at))
        });
        !text.is_empty() && (item.is_empty() || declared)
    }

    /// A target as Markdown, with a link to its file where it has one.
    fn markdown(&self, key: &str, target: &str) -> String {
        let link = |name: &str, file: &Path| format!("{key} [`{name}`](../../../{})", file.display());
        match key {
            "test" => {
                let file = self.test_file(target).unwrap_or_default();
                link(target.rsplit("::").next().unwrap_or(target), file.strip_prefix(&self.root).unwrap_or(&file))
            }
            "code" => {
                let (path, item) = target.split_once(": ").unwrap_or((target, target));
                link(item, Path::new(path))
            }
            "open" => format!("**open**: `{target}`"),
            _ => {
                let (experiment, rest) = target.split_once([':', '/']).unwrap_or((target, ""));
                format!("{key} `{experiment}`: {}", rest.trim().replace('|', "\\|"))
            }
        }
    }
}

/// A file's text; empty where there is none.
fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_default()
}

/// The files of a folder and of those in it, or the file itself.
fn files(path: PathBuf) -> Vec<PathBuf> {
    match fs::read_dir(&path) {
        Ok(folder) => folder.flat_map(|entry| files(entry.unwrap().path())).collect(),
        Err(_) => vec![path],
    }
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
}

/// The index as Markdown, a table for each text.
fn page(index: &Index, known: &Known) -> String {
    let mut page =
        "# What stands for each part of the texts\n\nEvery listing, formula, figure and printed result of the \
                    five texts in order, and what they say where it can be tested. Made from \
                    [`texts.toml`](../texts.toml); what is claimed is in [`README.md`](README.md) with its figures.\n"
            .to_owned();
    for (number, about) in &index.texts {
        let _ = write!(page, "\n## Text {number}: {about}\n\n| section | what | about | stands for it |\n");
        page += "| --- | --- | --- | --- |\n";
        for entry in index.entry.iter().filter(|entry| entry.place().0 == number) {
            let (kind, about) = entry.subject().unwrap_or_default();
            let targets: Vec<String> = entry.targets().map(|(key, target)| known.markdown(key, target)).collect();
            let (section, about) = (entry.place().1, about.replace('|', "\\|"));
            let _ = writeln!(page, "| {section} | {kind} | {about} | {} |", targets.join("; "));
        }
    }
    page
}

#[test]
fn every_part_of_the_texts_has_something_that_exists() {
    let lab = Path::new(env!("CARGO_MANIFEST_DIR"));
    let index: Index = toml::from_str(&read(&lab.join("texts.toml"))).unwrap();
    let known = Known::read();
    let (mut wrong, mut open) = (Vec::new(), Vec::new());
    for entry in &index.entry {
        let Some((_, what)) = entry.subject() else {
            panic!("one of listing, formula, figure, output, says: {}", entry.at)
        };
        assert!(index.texts.contains_key(entry.place().0), "{}", entry.at);
        assert!(what.split_whitespace().count() <= 10 && entry.targets().next().is_some(), "{}: {what}", entry.at);
        for (key, target) in entry.targets() {
            let list = if key == "open" { &mut open } else { &mut wrong };
            if key == "open" || !known.has(key, target) {
                list.push(format!("{}, {what}: {key} {target}\n", entry.at));
            }
        }
    }
    assert!(index.entry.is_sorted_by_key(|entry| entry.place().0), "in the order of the texts");
    assert!(wrong.is_empty(), "these point nowhere:\n{}", wrong.concat());
    println!("{} open:\n{}", open.len(), open.concat());
    assert!(index.may_be_open || open.is_empty(), "texts.toml says that none may be open");
    let (file, made) = (lab.join("results/TEXTS.md"), page(&index, &known));
    if std::env::var_os("BLESS").is_some() {
        return fs::write(file, made).unwrap();
    }
    assert!(read(&file) == made, "results/TEXTS.md is not that of texts.toml; BLESS=1 writes it anew");
}
