"""A job in this project's runner and in its peers, interleaved on the same cores, as a Markdown table.

Every round runs each program once, from process start to exit, so that what the machine does to one round it does to
all of them. Python 3.11 standard library only; README.md tells how to install the peers.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import build
import idx
import job as jobs
import measure

HERE = Path(__file__).resolve().parent
BASELINE = "pytorch"


@dataclass
class Peer:
    """A program that does the job."""

    name: str
    label: str
    prepare: Callable[[argparse.Namespace, Path], list]
    """Makes it ready, and gives its command without the folder it may write to; `Failed` where it cannot run."""
    writes: bool = False
    """Whether it is the runner, which takes `--out` and leaves its record there, and not on stdout."""
    command: list = field(default_factory=list)
    problem: str | None = None
    versions: dict = field(default_factory=dict)
    runs: list[dict] = field(default_factory=list)

    def epochs(self) -> list[float]:
        return [epoch["seconds"] for run in self.runs for epoch in run["epochs"]]

    def processes(self) -> list[float]:
        return [run["seconds"] for run in self.runs]


def python(script: str, module: str) -> Callable[[argparse.Namespace, Path], list]:
    def prepare(options: argparse.Namespace, scratch: Path) -> list:
        try:
            probe = subprocess.run([options.python, "-c", f"import {module}"], capture_output=True, text=True)
        except OSError as error:
            raise measure.Failed(f"{options.python} does not run: {error.strerror}") from None
        if probe.returncode != 0:
            raise measure.Failed(f"not installed: {probe.stderr.strip().splitlines()[-1]}")
        data = options.data
        if module == "torchvision":
            # Unpacked beforehand: its users have it so.
            data = idx.unpack(options.data, scratch / "torchvision")
        threads = ["--threads", options.threads]
        job = ["--job", jobs.JOBS[options.job].to_json()]
        return [options.python, HERE / script, "--data", data, "--epochs", options.epochs, *job, *threads, "--json"]

    return prepare


def runner(backend: str) -> Callable[[argparse.Namespace, Path], list]:
    def prepare(options: argparse.Namespace, _: Path) -> list:
        program = build.runner(backend, getattr(options, f"runner_{backend}"), options.build)
        settings = [f"training.epochs={options.epochs}", *jobs.JOBS[options.job].sets()]
        settings += ["data.verify=false"] if options.unverified else []
        sets = [part for setting in settings for part in ("--set", setting)]
        config = build.ROOT / "configs" / "dropout.toml"
        return [program, "train", "--config", config, "--data", options.data, "--progress", "none", *sets]

    return prepare


def stock(backend: str) -> Callable[[argparse.Namespace, Path], list]:
    def prepare(options: argparse.Namespace, _: Path) -> list:
        if options.job != "default":
            raise measure.Failed("does the default job only")
        program = build.stock("burn-stock", [], options.build)
        unverified = ["--unverified"] if options.unverified else []
        data = ["--data", options.data, *unverified]
        return [program, "--backend", backend, *data, "--epochs", options.epochs]

    return prepare


def peers() -> list[Peer]:
    return [
        Peer("runner-flex", "this runner, flex", runner("flex"), writes=True),
        Peer("runner-ndarray", "this runner, ndarray", runner("ndarray"), writes=True),
        Peer(BASELINE, "PyTorch, everything in memory", python("pytorch_memory.py", "numpy, torch")),
        Peer("jax", "JAX, the whole epoch compiled (`lax.scan`)", python("jax_scan.py", "numpy, jax")),
        Peer("stock-flex", "Burn 0.21 flex, `burn::nn` and `DataLoader`", stock("flex")),
        Peer("stock-ndarray", "Burn 0.21 ndarray, `burn::nn` and `DataLoader`", stock("ndarray")),
        Peer(
            "torchvision",
            "PyTorch, torchvision and `DataLoader` with 2 workers",
            python("pytorch_torchvision.py", "torchvision"),
        ),
    ]


def run_once(peer: Peer, threads: int) -> None:
    """One process, and its record."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        process = measure.run(peer.command + (["--out", out] if peer.writes else []), threads)
        if peer.writes:
            epochs = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
            environment = json.loads((out / "environment.json").read_text())
            peer.versions = {name: environment[name] for name in ("version", "commit", "burn", "backend", "threads")}
        else:
            record = json.loads(process.stdout)
            epochs, peer.versions = record["epochs"], record["versions"]
    measured = {key: value for key, value in asdict(process).items() if key != "stdout"}
    peer.runs.append(measured | {"epochs": epochs})


def interleave(peers: list[Peer], options: argparse.Namespace, save: Callable[[], None]) -> None:
    for round_number in range(1, options.rounds + 1):
        for peer in peers:
            if peer.problem:
                continue
            print(f"round {round_number}/{options.rounds}: {peer.name}", end="", file=sys.stderr, flush=True)
            try:
                run_once(peer, options.threads)
            except measure.Failed as error:
                peer.problem = f"failed: {error}"
                print(f"  {peer.problem}", file=sys.stderr)
            else:
                last = peer.runs[-1]
                epoch = statistics.median(epoch["seconds"] for epoch in last["epochs"])
                print(f"  {epoch:.3f} s per epoch, {last['seconds']:.2f} s in all", file=sys.stderr)
            save()


def table(peers: list[Peer], options: argparse.Namespace) -> str:
    """A row a program: medians over all epochs and rounds, in brackets the least and the most."""
    base = next((peer for peer in peers if peer.name == BASELINE and peer.runs), None)

    def against(values: list[float], base_values: list[float] | None) -> str:
        return f"{statistics.median(values) / statistics.median(base_values):.2f}" if base_values else "-"

    def spread(values: list[float], digits: int) -> str:
        least, most = (f"{bound(values):.{digits}f}" for bound in (min, max))
        return f"{statistics.median(values):.{digits}f} ({least} to {most})"

    lines = [
        "| program | seconds per epoch | against PyTorch "
        f"| whole process, {options.epochs} epochs, s | against PyTorch | peak memory, MB | test accuracy |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for peer in peers:
        if not peer.runs:
            lines.append(f"| {peer.label} | {peer.problem or 'not run'} | | | | | |")
            continue
        epochs, processes = peer.epochs(), peer.processes()
        peak = max(run["peak_bytes"] for run in peer.runs) / 1e6
        accuracy = statistics.median(run["epochs"][-1]["test_accuracy"] for run in peer.runs)
        cells = [
            peer.label + (f" ({peer.problem})" if peer.problem else ""),
            spread(epochs, 3),
            against(epochs, base and base.epochs()),
            spread(processes, 2),
            against(processes, base and base.processes()),
            f"{peak:.0f}",
            f"{100 * accuracy:.2f} %",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def parse(names: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--data", type=Path, default=Path("/usr/share/datasets/fashion-mnist"), help="folder of the four IDX files")
    add("--unverified", action="store_true", help="the files need not be the published Fashion-MNIST")
    add("--job", default="default", choices=jobs.JOBS, help="network, batches and optimizer; see job.py")
    add("--rounds", type=int, default=5, help="times each program runs")
    add("--epochs", type=int, default=10, help="epochs of each run")
    add("--threads", type=int, default=len(measure.available_cores()), help="cores and threads of each program")
    add("--only", default=",".join(names), help="programs to run, by name: " + ", ".join(names))
    add("--python", default=sys.executable, help="interpreter with PyTorch (this one by default)")
    for backend in build.BACKENDS:
        add(f"--runner-{backend}", type=Path, help=f"a runner built with {backend}, instead of building one")
    add("--no-build", dest="build", action="store_false", help="run what was built before")
    samples = build.target_folder() / "peers" / "comparison.json"
    add("--json", type=Path, default=samples, help="file of all samples (below cargo's target folder by default)")
    options = parser.parse_args()
    unknown = set(options.only.split(",")) - set(names)
    if unknown:
        parser.error(f"--only: no such program: {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    if options.rounds < 1 or options.epochs < 1 or options.threads < 1:
        parser.error("--rounds, --epochs and --threads: at least 1")
    if not options.data.is_dir():
        parser.error(f"--data {options.data}: no such folder")
    return options


def main() -> int:
    everyone = peers()
    options = parse([peer.name for peer in everyone])
    chosen = [peer for peer in everyone if peer.name in options.only.split(",")]
    with tempfile.TemporaryDirectory() as scratch:
        # From last to first: the build of flex is then the one that stays in target/release.
        for peer in reversed(chosen):
            try:
                peer.command = peer.prepare(options, Path(scratch))
            except measure.Failed as error:
                peer.problem = str(error)
                print(f"{peer.name}: {error}", file=sys.stderr)
        # After the builds, which may use every core.
        cores = measure.pin(options.threads)
        machine = measure.machine()
        idx.touch(options.data)

        def save() -> None:
            described = ("name", "label", "problem", "versions", "runs")
            record = {
                "machine": machine,
                "threads": options.threads,
                "pinned_to": cores,
                "epochs": options.epochs,
                "rounds": options.rounds,
                "peers": [{key: getattr(peer, key) for key in described} for peer in chosen],
            }
            options.json.parent.mkdir(parents=True, exist_ok=True)
            options.json.write_text(json.dumps(record, indent=1) + "\n")

        save()
        interleave(chosen, options, save)
    print(table(chosen, options))
    others = [run["others"] for peer in chosen for run in peer.runs]
    print(f"\n{measure.describe(machine, options.threads, cores, others)}")
    print(f"Medians over {options.rounds} interleaved rounds, in brackets the least and the most.")
    print(f"samples: {options.json}", file=sys.stderr)
    return 1 if any((peer.problem or "").startswith("failed") for peer in chosen) else 0


if __name__ == "__main__":
    sys.exit(main())
