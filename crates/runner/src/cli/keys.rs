//! Flags for single settings.

use clap::Args;

/// Flags for the keys that are changed most.
#[derive(Clone, Debug, Default, Args)]
pub struct KeyArgs {
    /// Passes over the training images (training.epochs)
    #[arg(long, value_name = "N")]
    pub epochs: Option<String>,
    /// Images in each step (training.batch_size)
    #[arg(long, value_name = "N")]
    pub batch_size: Option<String>,
    /// Peak learning rate (training.learning_rate)
    #[arg(long, value_name = "RATE")]
    pub learning_rate: Option<String>,
    /// Units of each hidden layer, such as 256,128 (model.hidden)
    #[arg(long, value_name = "N,..")]
    pub hidden: Option<String>,
    /// Dropout of each hidden layer, such as 0.2,0.5 (model.dropout)
    #[arg(long, value_name = "P,..")]
    pub dropout: Option<String>,
}

impl KeyArgs {
    /// The same as assignments for `--set`.
    pub fn assignments(&self) -> impl Iterator<Item = String> {
        let list = |text: &String| format!("[{text}]");
        let flags = [
            ("training.epochs", self.epochs.clone()),
            ("training.batch_size", self.batch_size.clone()),
            ("training.learning_rate", self.learning_rate.clone()),
            ("model.hidden", self.hidden.as_ref().map(list)),
            ("model.dropout", self.dropout.as_ref().map(list)),
        ];
        flags.into_iter().filter_map(|(key, value)| Some(format!("{key}={}", value?)))
    }
}
