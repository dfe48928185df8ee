//! `runner export`

use std::path::Path;

use anyhow::{Result, bail, ensure};

use crate::cli::{ExportArgs, ModelFormat};
use crate::formats::onnx;
use crate::formats::weights;
use crate::progress::print_path;
use crate::run::Run;
use mlp_files::write_where_named;

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
    // The name of a pipe is no result, and stdout may be where the model went.
    if write_where_named(&arguments.out, &bytes)? {
        print_path(&arguments.out)?;
    }
    Ok(())
}

fn format_of(file: &Path) -> Result<ModelFormat> {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("safetensors") => Ok(ModelFormat::Safetensors),
        Some("onnx") => Ok(ModelFormat::Onnx),
        _ => bail!("{}: name the format, --format safetensors or --format onnx", file.display()),
    }
}
