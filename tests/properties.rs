//! Properties of all settings.

use std::path::Path;

use mlp_settings::config::Config;
use mlp_settings::{Settings, SettingsError, entries};
use proptest::prelude::*;

/// Names of kinds, and strings that TOML must escape.
const STRINGS: [&str; 12] = [
    "adam",
    "adamw",
    "cosine",
    "one-cycle",
    "normal",
    "torch",
    "tanh",
    "accuracy",
    "a folder",
    "it's \"quoted\"\n\\ and\t\u{1}",
    "'''\"\"\"",
    "",
];

/// Any key with a value of its type, which may be out of range.
fn assignment() -> impl Strategy<Value = (String, String)> {
    let defaults: Vec<(String, String)> = entries(&Config::default()).into_iter().collect();
    let numbers = prop_oneof![0.0..1.0_f64, any::<f64>(), Just(0.0), Just(1e-300)];
    (proptest::sample::select(defaults), numbers, 0_i64.., proptest::sample::select(STRINGS.to_vec())).prop_map(
        |((key, default), number, whole, string)| {
            let value = match default.as_bytes() {
                [b'"', ..] => toml::Value::String(string.to_owned()).to_string(),
                b"true" | b"false" => (whole % 2 == 0).to_string(),
                [b'[', ..] if key == "model.hidden" => format!("[{}, {}]", whole % 5000, 1 + whole % 7),
                [b'[', ..] => format!("[{number:?}, 0.5]"),
                text if text.contains(&b'.') => format!("{number:?}"),
                _ => (whole % 100_000).to_string(),
            };
            (key, value)
        },
    )
}

/// The configuration after all assignments that are accepted.
fn configuration(assignments: Vec<(String, String)>) -> Config {
    let mut settings = Settings::defaults::<Config>();
    for (key, value) in assignments {
        let mut tried = settings.clone();
        if tried.set(&format!("{key}={value}")).is_ok() && tried.resolve::<Config>().is_ok() {
            settings = tried;
        }
    }
    settings.resolve().expect("tried before")
}

proptest! {
    #[test]
    fn settings_written_are_read_back(assignments in proptest::collection::vec(assignment(), 0..40)) {
        let config = configuration(assignments);
        let text = toml::to_string(&config).expect("a configuration is TOML");
        let mut read = Settings::defaults::<Config>();
        read.layer_text(&text, Path::new("config.toml")).expect("what was written is accepted");
        prop_assert_eq!(read.resolve::<Config>().expect("and in range"), config.clone());

        // They are also read back one by one, in the form in which an error message suggests them for `--set`.
        let mut set = Settings::defaults::<Config>();
        for (key, value) in entries(&config) {
            set.set(&format!("{key}={value}")).expect("accepted");
        }
        prop_assert_eq!(set.resolve::<Config>().expect("and in range"), config);
    }

    #[test]
    fn no_settings_panic(text in "[\\[\\]{}=.\"'a-c0-9\n ]{0,80}", key in "[a-z.]{0,20}") {
        let mut settings = Settings::defaults::<Config>();
        let _ = settings.layer_text(&text, Path::new("any"));
        let _ = settings.set(&format!("{key}={text}"));
        let unknown = settings.set(&format!("{key}.none={text}"));
        prop_assert!(matches!(unknown, Err(SettingsError::UnknownKey { .. })), "{:?}", unknown);
    }
}
