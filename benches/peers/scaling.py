"""Seconds per epoch and peak memory of this project's runner against width, depth, batch and data size.

One quantity of the default job changes at a time: 784-256-256-10, batch 256, 60,000 images. Beside each epoch stands
the time that its matrix products alone take, measured apart with the same backend, shapes and number of threads
(`burn-stock/src/bin/products`): what is left is the rest of the step. Python 3.11 standard library only.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import build
import idx
import loglog
import measure

INPUTS, CLASSES, EXAMPLES = idx.HEIGHT * idx.WIDTH, idx.CLASSES, 60_000
# Low enough for the widest and deepest network; the time of a step does not depend on it.
LEARNING_RATE = 0.02


@dataclass(frozen=True)
class Job:
    """What a run trains."""

    width: int = 256
    depth: int = 2
    batch: int = 256
    images: int = EXAMPLES

    def widths(self) -> list[int]:
        return [INPUTS, *[self.width] * self.depth, CLASSES]

    def parameters(self) -> int:
        return sum((before + 1) * after for before, after in zip(self.widths(), self.widths()[1:]))

    def network(self) -> str:
        """As `products` takes it."""
        return f"{self.batch}:{','.join(map(str, self.widths()))}"

    def flops(self) -> float:
        """Floating-point operations of an epoch's products: three a layer, without the gradient of the images."""
        pairs = list(zip(self.widths(), self.widths()[1:]))
        return 2.0 * self.images * (3 * sum(before * after for before, after in pairs) - math.prod(pairs[0]))


@dataclass(frozen=True)
class Result:
    """What a job took."""

    seconds: float
    peak_bytes: int
    products: float
    """Seconds of an epoch's matrix products alone."""


SWEEPS = {
    "width": [64, 128, 256, 512, 1024, 2048, 4096],
    "depth": [1, 2, 3, 4, 5, 6, 7, 8],
    "batch": [16, 32, 64, 128, 256, 512, 1024, 2048, 4096],
    "images": [6_000, 60_000, 600_000],
}
QUICK = {"width": [64, 256, 1024], "depth": [1, 2, 4], "batch": [64, 256, 1024], "images": [6_000, 60_000]}
VARIED = {
    "width": "units in each of 2 hidden layers",
    "depth": "hidden layers of 256 units",
    "batch": "examples a step",
    "images": "images of 28 x 28",
}
TITLES = {"width": "Width", "depth": "Depth", "batch": "Batch size", "images": "Training images"}


def train(job: Job, runner: Path, data: dict[int, Path | str], options: argparse.Namespace) -> dict:
    """A run of the runner: its epochs and its peak memory."""
    dropout = [0.2, *[0.5] * (job.depth - 1)]
    settings = {
        "training.epochs": options.epochs,
        "training.batch_size": job.batch,
        "training.learning_rate": LEARNING_RATE,
        "model.hidden": [job.width] * job.depth,
        "model.dropout": dropout,
    }
    if job.images > EXAMPLES:
        settings["data.verify"] = "false"
    sets = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        command = [runner, "train", "--data", data[job.images], "--out", out, "--progress", "none", *sets]
        process = measure.run(command, options.threads)
        images = json.loads((out / "environment.json").read_text())["images"]["train"]
        if images != job.images:
            raise measure.Failed(f"{data[job.images]}: expected {job.images} training images, found {images}")
        epochs = [json.loads(line)["seconds"] for line in (out / "metrics.jsonl").read_text().splitlines()]
    return {"epochs": epochs, "peak_bytes": process.peak_bytes, "others": process.others}


def time_products(job: Job, program: Path, options: argparse.Namespace) -> float:
    """Seconds of an epoch's matrix products alone."""
    shortest = ["--seconds", 0.2 if options.quick else 1.0]
    output = measure.run([program, "--backend", options.backend, *shortest, job.network()], options.threads).stdout
    return json.loads(output)["seconds_per_step"] * job.images / job.batch


def table(sweep: str, values: list[int], results: dict[Job, Result]) -> str:
    """A row a value; growth is the exponent between a row and the one above: 1 is proportional."""
    lines = [
        f"| {TITLES[sweep].lower()} | parameters | GFLOP | seconds per epoch | growth "
        "| matrix products, s | share | peak memory, MB | growth |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    before = None
    for value in values:
        job = replace(Job(), **{sweep: value})
        result = results[job]

        def growth(now: float, then: float | None) -> str:
            return "" if before is None else f"{math.log(now / then) / math.log(value / before[0]):.2f}"

        cells = [
            f"{value:,}",
            f"{job.parameters():,}",
            f"{job.flops() / 1e9:,.0f}",
            f"{result.seconds:.3f}",
            growth(result.seconds, before and before[1].seconds),
            f"{result.products:.3f}",
            f"{100 * result.products / result.seconds:.0f} %",
            f"{result.peak_bytes / 1e6:.0f}",
            growth(result.peak_bytes, before and before[1].peak_bytes),
        ]
        lines.append(f"| {' | '.join(cells)} |")
        before = (value, result)
    return "\n".join(lines)


def plot(sweeps: dict[str, list[int]], results: dict[Job, Result], caption: str) -> str:
    def row(y_name: str, series: dict[str, str], unit: float) -> list[loglog.Panel]:
        panels = []
        for sweep, values in sweeps.items():
            found = [(value, results[replace(Job(), **{sweep: value})]) for value in values]
            lines = [
                loglog.Series(name, [(value, getattr(result, field) / unit) for value, result in found])
                for name, field in series.items()
            ]
            # The work of an epoch does not grow with the batch.
            panels.append(loglog.Panel(TITLES[sweep], VARIED[sweep], y_name, lines, guide=sweep != "batch"))
        return panels

    seconds = row("seconds per epoch", {"epoch": "seconds", "its matrix products": "products"}, 1)
    memory = row("peak memory, MB", {"peak": "peak_bytes"}, 1e6)
    return loglog.svg([seconds, memory], caption)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    folder = build.target_folder() / "peers"
    add("--data", type=Path, default=Path("/usr/share/datasets/fashion-mnist"), help="folder of the four IDX files")
    add("--backend", choices=build.BACKENDS, default="flex")
    add("--quick", action="store_true", help="fewer values, none of the slow ones, one epoch each")
    add("--only", default=",".join(SWEEPS), help="what to change, of " + ", ".join(SWEEPS))
    add("--epochs", type=int, help="epochs of each run: 3, or 1 with --quick")
    add("--rounds", type=int, default=1, help="times each run is made, interleaved")
    add("--threads", type=int, default=len(measure.available_cores()), help="cores and threads")
    for backend in build.BACKENDS:
        add(f"--runner-{backend}", type=Path, help=f"a runner built with {backend}, instead of building one")
    add("--no-build", dest="build", action="store_false", help="run what was built before")
    add("--svg", type=Path, default=folder / "scaling.svg", help="the plot (below cargo's target folder by default)")
    add("--json", type=Path, default=folder / "scaling.json", help="file of all samples")
    options = parser.parse_args()
    unknown = set(options.only.split(",")) - set(SWEEPS)
    if unknown:
        parser.error(f"--only: expected some of {', '.join(SWEEPS)}; found {', '.join(sorted(unknown))}")
    if not options.data.is_dir():
        parser.error(f"--data {options.data}: no such folder")
    options.epochs = options.epochs or (1 if options.quick else 3)
    return options


def train_all(
    jobs: list[Job], runner: Path, program: Path, data: dict[int, Path | str], options: argparse.Namespace
) -> dict[Job, list[dict]]:
    """The runs of each job, one a round, each after its products: so both are measured while the machine is as fast."""
    runs: dict[Job, list[dict]] = {job: [] for job in jobs}
    for round_number in range(1, options.rounds + 1):
        for number, job in enumerate(jobs, 1):
            products = time_products(job, program, options)
            run = train(job, runner, data, options) | {"products": products}
            runs[job].append(run)
            seconds, peak = statistics.median(run["epochs"]), run["peak_bytes"] / 1e6
            progress = f"round {round_number}/{options.rounds}, run {number}/{len(jobs)}"
            took = f"{seconds:.3f} s per epoch, products {products:.3f} s, {peak:.0f} MB"
            print(f"{progress}: {job}: {took}", file=sys.stderr)
    return runs


def main() -> int:
    options = parse()
    sweeps = {name: (QUICK if options.quick else SWEEPS)[name] for name in SWEEPS if name in options.only.split(",")}
    # Each job once, though several sweeps pass through the default one.
    jobs = list(dict.fromkeys(replace(Job(), **{name: value}) for name in sweeps for value in sweeps[name]))
    try:
        runner = build.runner(options.backend, getattr(options, f"runner_{options.backend}"), options.build)
        program = build.stock("products", ["x86-v4"], options.build)
        cores = measure.pin(options.threads)
        machine = measure.machine()
        with tempfile.TemporaryDirectory() as folder:
            data: dict[int, Path | str] = {6_000: "sample", EXAMPLES: options.data, 600_000: Path(folder)}
            if any(job.images == 600_000 for job in jobs):
                print("making 600,000 images (470 MB)", file=sys.stderr)
                idx.make(Path(folder), 600_000, 10_000)
            runs = train_all(jobs, runner, program, data, options)
    except measure.Failed as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    results = {}
    for job in jobs:
        seconds = statistics.median(second for run in runs[job] for second in run["epochs"])
        peak = max(run["peak_bytes"] for run in runs[job])
        results[job] = Result(seconds, peak, statistics.median(run["products"] for run in runs[job]))
    others = [run["others"] for job in jobs for run in runs[job]]
    where = measure.describe(machine, options.threads, cores, others)
    for name, values in sweeps.items():
        print(f"### {TITLES[name]}\n\n{table(name, values, results)}\n")
    print(f"Backend {options.backend}. {where}")
    options.svg.parent.mkdir(parents=True, exist_ok=True)
    options.svg.write_text(plot(sweeps, results, f"{options.backend}, {machine['processor']}; dashed: proportional"))
    samples = [vars(job) | vars(results[job]) | {"runs": runs[job]} for job in jobs]
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps({"machine": machine, "backend": options.backend, "jobs": samples}, indent=1))
    print(f"plot: {options.svg}\nsamples: {options.json}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
