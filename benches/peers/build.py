"""Builds the Rust programs that are measured."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import measure

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BACKENDS = ("flex", "ndarray")


def target_folder() -> Path:
    """Where cargo builds this project; the programs measured are kept in its `peers`."""
    return Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()


def cargo(manifest: Path, *arguments: str, target: Path) -> None:
    command = ["cargo", "build", "--release", "--locked", "--manifest-path", str(manifest), *arguments]
    print(f"building: cargo build --release {' '.join(arguments)}", file=sys.stderr)
    try:
        subprocess.run([*command, "--target-dir", str(target)], check=True, stdout=sys.stderr)
    except FileNotFoundError:
        raise measure.Failed("cargo is not installed") from None
    except subprocess.CalledProcessError as error:
        raise measure.Failed(f"cargo build {' '.join(arguments)}: exit code {error.returncode}") from None


def runner(backend: str, given: Path | None, build: bool) -> Path:
    """This project's runner for a backend: the one given, else built and kept under a name of its own."""
    kept = target_folder() / "peers" / f"runner-{backend}"
    if given is None and build:
        cargo(ROOT / "Cargo.toml", "-p", "runner", "--features", backend, target=target_folder())
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(target_folder() / "release" / "runner", kept)
    path = given or kept
    version = measure.first_line([path, "--version"])
    if version is None:
        raise measure.Failed(f"{path.name} does not run: give --runner-{backend} a path, or let it be built")
    if f"backend {backend}" not in version:
        raise measure.Failed(f"{path.name} is `{version}`, not a build with backend {backend}")
    return path


def stock(program: str, features: list[str], build: bool) -> Path:
    """A program of `burn-stock`."""
    target = target_folder() / "peers" / "burn-stock"
    path = target / "release" / program
    if build:
        arguments = ["--bin", program] + (["--features", ",".join(features)] if features else [])
        cargo(HERE / "burn-stock" / "Cargo.toml", *arguments, target=target)
    if not path.exists():
        raise measure.Failed(f"{program} is not built")
    return path
