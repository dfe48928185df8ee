"""What more cores would bring to a training step: a model from the times on one core, checked with the cores there are.

A batch is divided into micro-batches; every core takes its share of them one after another, and then one thread sums the
gradients and updates the weights. With g the time of a micro-batch on one core, u that of the update, d micro-batches and
p cores, a step takes ceil(d / p) * g + u. Python 3.11 standard library only.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import sys

import build
import measure

CORES = (1, 2, 4, 8, 16)


class Times:
    """Median seconds by threads, batch size and division."""

    def __init__(self, lines: list[dict[str, float]]):
        self.samples: dict[tuple[int, int, int], list[dict[str, float]]] = {}
        for line in lines:
            key = (int(line["threads"]), int(line["batch"]), int(line["micro_batches"]))
            self.samples.setdefault(key, []).append(line)

    def divisions(self) -> list[tuple[int, int]]:
        return sorted({(batch, division) for _, batch, division in self.samples})

    def of(self, part: str, threads: int, batch: int, division: int) -> float:
        return statistics.median(sample[part] for sample in self.samples[threads, batch, division])

    def step(self, threads: int, batch: int, division: int) -> float:
        return self.of("gradients", threads, batch, division) + self.of("update", threads, batch, division)

    def predicted(self, cores: int, batch: int, division: int) -> float:
        micro_batch = self.of("gradients", 1, batch, division) / division
        return math.ceil(division / cores) * micro_batch + self.of("update", 1, batch, division)


def table(times: Times, threads: int) -> str:
    header = ["batch", "micro-batches", "1 core", f"{threads} cores, measured", *(f"{cores} cores" for cores in CORES[1:])]
    lines = ["| " + " | ".join(header) + " |", "| --- " * len(header) + "|"]
    for batch, division in times.divisions():
        seconds = [times.step(1, batch, division), times.step(threads, batch, division)]
        seconds += [times.predicted(cores, batch, division) for cores in CORES[1:]]
        cells = [str(batch), str(division), *(f"{1e3 * each:.2f}" for each in seconds)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="times the program runs with each number of threads")
    options = parser.parse_args()
    target = build.target_folder()
    example = ["-p", "burn-mlp-train", "--example", "many_cores", "--features", "flex,ndarray"]
    build.cargo(build.ROOT / "Cargo.toml", *example, target=target)
    threads = len(measure.available_cores())
    lines = []
    for _ in range(options.rounds):
        for count in (1, threads):
            process = measure.run([target / "release" / "examples" / "many_cores"], count)
            lines += [json.loads(line) for line in process.stdout.splitlines()]
    print("Milliseconds a step:\n")
    print(table(Times(lines), threads))


if __name__ == "__main__":
    try:
        main()
    except (measure.Failed, subprocess.CalledProcessError) as error:
        sys.exit(str(error))
