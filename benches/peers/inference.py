"""Predictions without a graph in this project's library and in PyTorch, interleaved on the same cores, as a table.

The network is 784-256-256-10 with ReLU and dropout 0.2 and 0.5. Each program measures itself, several rounds each; the
table has the medians of the rounds. Python 3.11 standard library only, beside PyTorch.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import build
import measure

PASSES = 100


def median(times: int, call: Callable[[], object]) -> float:
    """Median seconds of `times` calls, after one that does not count."""
    call()
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def pytorch(threads: int) -> None:
    """Prints what the Rust example prints, measured in PyTorch."""
    import torch
    from torch import nn

    torch.set_num_threads(threads)
    net = nn.Sequential(
        nn.Linear(784, 256), nn.ReLU(), nn.Dropout(0.2), nn.Linear(256, 256), nn.ReLU(), nn.Dropout(0.5), nn.Linear(256, 10)
    )
    images = torch.rand(10_000, 784)
    one, thousand = images[:1].contiguous(), images[:1000].contiguous()

    def predict(rows: torch.Tensor) -> torch.Tensor:
        return net(rows).softmax(1)

    def pass_by_pass(rows: torch.Tensor) -> torch.Tensor:
        return torch.stack([predict(rows) for _ in range(PASSES)])

    with torch.inference_mode():
        net.eval()
        seconds = {
            "one image": median(1001, lambda: predict(one)),
            "10,000 images": median(21, lambda: [net(part) for part in images.split(1024)]),
        }
        net.train()
        seconds |= {
            "one image, 100 passes": median(101, lambda: predict(one.repeat(PASSES, 1))),
            "one image, pass by pass": median(101, lambda: pass_by_pass(one)),
            "1,000 images, pass by pass": median(5, lambda: pass_by_pass(thousand)),
        }
    print(json.dumps({"program": "PyTorch", **seconds}))


def show(seconds: float) -> str:
    return f"{1e6 * seconds:.0f} µs" if seconds < 1e-3 else f"{1e3 * seconds:.1f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="times each program runs")
    parser.add_argument("--threads", type=int, default=len(measure.available_cores()))
    parser.add_argument("--python", type=Path, default=Path(sys.executable), help="interpreter with PyTorch")
    parser.add_argument("--pytorch", action="store_true", help="measure PyTorch in this process, and print JSON")
    options = parser.parse_args()
    if options.pytorch:
        return pytorch(options.threads)

    target = build.target_folder()
    example = ["-p", "burn-mlp-train", "--example", "inference", "--features", "flex,ndarray"]
    build.cargo(build.ROOT / "Cargo.toml", *example, target=target)
    measure.pin(options.threads)
    itself = [options.python, Path(__file__), "--pytorch", "--threads", str(options.threads)]
    programs = [[target / "release" / "examples" / "inference"], itself]
    rounds: dict[str, list[dict[str, float]]] = {}
    for _ in range(options.rounds):
        for command in programs:
            process = measure.run(command, options.threads)
            for line in process.stdout.splitlines():
                seconds = json.loads(line)
                rounds.setdefault(seconds.pop("program"), []).append(seconds)
    whats = next(iter(rounds.values()))[0]
    print("| | " + " | ".join(rounds) + " |\n| --- |" + " --- |" * len(rounds))
    for what in whats:
        cells = [
            show(statistics.median(seconds[what] for seconds in each)) if what in each[0] else "" for each in rounds.values()
        ]
        print(f"| {what} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    try:
        main()
    except (measure.Failed, subprocess.CalledProcessError) as error:
        sys.exit(str(error))
