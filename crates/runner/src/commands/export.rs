//! `runner export`

use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use crate::cli::{ExportArgs, ModelFormat};
use crate::formats::onnx;
use crate::formats::weights;
use crate::output::stdout;
use crate::run::Run;
use mlp_files::write_atomically;

/// Writes the model of a run as a file for other programs.
pub fn run(arguments: &ExportArgs) -> Result<()> {
    let format = match arguments.format {
        Some(format) => format,
        None => format_of(&arguments.out)?,
    };
    ensure!(
        format == ModelFormat::Onnx || !arguments.softmax,
        "--softmax: safetensors holds weights only; add the softmax where they are used"
    );
    let run = Run::open(&arguments.run)?;
    let bytes = match format {
        ModelFormat::Safetensors => weights::to_bytes(&run.mlp)?,
        ModelFormat::Onnx => onnx::export(&run.mlp, arguments.softmax)?,
    };
    let folder = arguments.out.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder {
        fs::create_dir_all(folder).with_context(|| format!("{}: cannot create", folder.display()))?;
    }
    write_atomically(&arguments.out, &bytes, None)?;
    writeln!(stdout(), "{}", arguments.out.display())?;
    Ok(())
}

fn format_of(file: &Path) -> Result<ModelFormat> {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("safetensors") => Ok(ModelFormat::Safetensors),
        Some("onnx") => Ok(ModelFormat::Onnx),
        _ => bail!("{}: name the format, --format safetensors or --format onnx", file.display()),
    }
}
