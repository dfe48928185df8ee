"""A job in PyTorch with everything in memory: one tensor of floats, batches by a random permutation.

The fastest plain loop: no data loader, no transforms, no worker processes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import idx
import pytorch_job


def load(folder: Path, images: str, labels: str) -> tuple[Tensor, Tensor]:
    """Images as [examples, pixels] in [0, 1], and class indices."""
    shape, values = idx.read(folder, images)
    pixels = np.frombuffer(values, np.uint8).reshape(shape[0], -1)
    targets = np.frombuffer(idx.read(folder, labels)[1], np.uint8)
    return torch.from_numpy(pixels.astype(np.float32) / 255), torch.from_numpy(targets.astype(np.int64))


def main() -> None:
    options = pytorch_job.arguments(__doc__.splitlines()[0])
    images, targets = load(options.data, idx.TRAIN_IMAGES, idx.TRAIN_LABELS)
    test_images, test_targets = load(options.data, idx.TEST_IMAGES, idx.TEST_LABELS)

    def train() -> Iterator[tuple[Tensor, Tensor]]:
        for indices in torch.randperm(len(targets)).split(options.job.batch_size):
            yield images.index_select(0, indices), targets.index_select(0, indices)

    def test() -> Iterator[tuple[Tensor, Tensor]]:
        return zip(test_images.split(1024), test_targets.split(1024))

    pytorch_job.run(options, train, test, {"numpy": np.__version__})


if __name__ == "__main__":
    main()
