"""The default job in PyTorch as textbooks run it: torchvision's FashionMNIST, ToTensor, DataLoader with two workers."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

try:
    import torchvision
    from torchvision import transforms
except ImportError as error:
    print(f"torchvision is not installed ({error})", file=sys.stderr)
    sys.exit(2)

from torch import Tensor
from torch.utils.data import DataLoader

import idx
import pytorch_job

WORKERS = 2


def loader(root: Path, batch_size: int, train: bool) -> DataLoader:
    images = torchvision.datasets.FashionMNIST(str(root), train=train, transform=transforms.ToTensor())
    return DataLoader(images, batch_size, shuffle=train, num_workers=WORKERS)


def flattened(batches: DataLoader) -> Iterator[tuple[Tensor, Tensor]]:
    for images, targets in batches:
        yield images.flatten(1), targets


def main() -> None:
    options = pytorch_job.arguments(__doc__.splitlines()[0])
    with tempfile.TemporaryDirectory() as folder:
        # torchvision takes a folder laid out its own way, unpacked; any other is brought into that form.
        laid_out = (options.data / "FashionMNIST").is_dir()
        root = options.data if laid_out else idx.unpack(options.data, Path(folder))
        train, test = (loader(root, options.job.batch_size, train) for train in (True, False))
        versions = {"torchvision": torchvision.__version__}
        pytorch_job.run(options, lambda: flattened(train), lambda: flattened(test), versions)


if __name__ == "__main__":
    main()
