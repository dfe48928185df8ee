"""A job in PyTorch, whatever its batches come from: network, loop and record."""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import job as jobs

Batches = Callable[[], Iterable[tuple[Tensor, Tensor]]]


def arguments(description: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, required=True, help="folder of the four IDX files, raw or .gz")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--job", type=jobs.from_json, default=jobs.JOBS["default"], help="as JSON")
    parser.add_argument("--threads", type=int, help="threads of tensor operations (PyTorch's own choice by default)")
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--json", action="store_true", help="print one JSON object at the end instead of lines")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    return options


def network(job: jobs.Job) -> nn.Sequential:
    """ReLU and dropout behind each hidden layer; Xavier uniform weights, zero biases."""
    layers: list[nn.Module] = []
    for d_input, d_output, prob in zip((784, *job.hidden), job.hidden, job.dropout):
        norm = [nn.BatchNorm1d(d_output)] if job.batch_norm else []
        layers += [nn.Linear(d_input, d_output), *norm, nn.ReLU(), nn.Dropout(prob)]
    net = nn.Sequential(*layers, nn.Linear(job.hidden[-1], 10))
    for layer in net:
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    return net


def optimizer(job: jobs.Job, net: nn.Sequential) -> torch.optim.Optimizer:
    if not job.adamw:
        return torch.optim.SGD(net.parameters(), lr=job.learning_rate)
    matrices = [parameter for parameter in net.parameters() if parameter.ndim > 1]
    others = [parameter for parameter in net.parameters() if parameter.ndim == 1]
    groups = [{"params": matrices, "weight_decay": 0.01}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=job.learning_rate)


def count_correct(logits: Tensor, targets: Tensor) -> int:
    return int((logits.argmax(1) == targets).sum())


def train_epoch(net: nn.Sequential, optimizer: torch.optim.Optimizer, batches: Batches) -> tuple[float, float]:
    """Mean loss and accuracy over the training examples, dropout on."""
    net.train()
    loss_sum, correct, examples = 0.0, 0, 0
    for images, targets in batches():
        logits = net(images)
        loss = F.cross_entropy(logits, targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss_sum += loss.item() * len(targets)
        correct += count_correct(logits, targets)
        examples += len(targets)
    return loss_sum / examples, correct / examples


def test_accuracy(net: nn.Sequential, batches: Batches) -> float:
    net.eval()
    correct, examples = 0, 0
    with torch.no_grad():
        for images, targets in batches():
            correct += count_correct(net(images), targets)
            examples += len(targets)
    return correct / examples


def peak_bytes() -> int:
    """High-water mark of resident memory of this process, or of the largest of its workers."""
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def run(options: argparse.Namespace, train: Batches, test: Batches, versions: dict[str, str]) -> None:
    """Trains, and prints the record."""
    net = network(options.job)
    steps = optimizer(options.job, net)
    epochs = []
    for epoch in range(1, options.epochs + 1):
        started = time.perf_counter()
        train_loss, train_accuracy = train_epoch(net, steps, train)
        trained = time.perf_counter()
        accuracy = test_accuracy(net, test)
        record = {
            "epoch": epoch,
            "seconds": trained - started,
            "evaluation_seconds": time.perf_counter() - trained,
            "train_loss": train_loss,
            "train_accuracy": train_accuracy,
            "test_accuracy": accuracy,
        }
        epochs.append(record)
        if not options.json:
            print(
                f"epoch {epoch:2}  loss {train_loss:.4f}  train {100 * train_accuracy:.2f} %  "
                f"test {100 * accuracy:.2f} %  {record['seconds']:.2f} s",
                flush=True,
            )
    versions = {"torch": torch.__version__} | versions
    if options.json:
        record = {
            "versions": versions,
            "threads": torch.get_num_threads(),
            "peak_bytes": peak_bytes(),
            "epochs": epochs,
        }
        print(json.dumps(record))
    else:
        print(f"peak memory {peak_bytes() / 1e6:.0f} MB, torch {torch.__version__}")
