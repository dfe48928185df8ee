"""The four IDX files of Fashion-MNIST: where they are, reading, unpacking, and made-up ones."""

from __future__ import annotations

import gzip
import random
import shutil
import struct
from pathlib import Path

TRAIN_IMAGES = "train-images-idx3-ubyte"
TRAIN_LABELS = "train-labels-idx1-ubyte"
TEST_IMAGES = "t10k-images-idx3-ubyte"
TEST_LABELS = "t10k-labels-idx1-ubyte"
NAMES = (TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS)

HEIGHT = WIDTH = 28
CLASSES = 10


def open_file(folder: Path, name: str):
    """The file of that name, raw or gzip-compressed, as a stream of its content."""
    raw, packed = folder / name, folder / f"{name}.gz"
    if raw.exists():
        return raw.open("rb")
    if packed.exists():
        return gzip.open(packed)
    raise SystemExit(f"{folder}: found neither {name} nor {name}.gz")


def read(folder: Path, name: str) -> tuple[tuple[int, ...], bytes]:
    """Shape and values."""
    with open_file(folder, name) as file:
        zero, kind, rank = struct.unpack(">HBB", file.read(4))
        if (zero, kind) != (0, 8):
            raise SystemExit(f"{folder / name}: not an IDX file of bytes")
        shape = struct.unpack(f">{rank}I", file.read(4 * rank))
        return shape, file.read()


def unpack(folder: Path, root: Path) -> Path:
    """Lays the files out as torchvision expects to find them below `root`, and gives `root`."""
    raw = root / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for name in NAMES:
        with open_file(folder, name) as source, (raw / name).open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
    return root


def touch(folder: Path) -> None:
    """Reads the files once, so that no program is the one that waits for the disk."""
    for name in NAMES:
        for path in (folder / name, folder / f"{name}.gz"):
            if path.exists():
                path.read_bytes()


def make(folder: Path, train: int, test: int, seed: int = 1) -> None:
    """Writes a set of random grey values and labels, of the shape of Fashion-MNIST but any number of images."""
    generator = random.Random(seed)
    for name, count in ((TRAIN_IMAGES, train), (TEST_IMAGES, test)):
        with (folder / name).open("wb") as file:
            file.write(struct.pack(">HBB3I", 0, 8, 3, count, HEIGHT, WIDTH))
            for start in range(0, count, 1000):
                file.write(generator.randbytes(min(1000, count - start) * HEIGHT * WIDTH))
    for name, count in ((TRAIN_LABELS, train), (TEST_LABELS, test)):
        labels = bytes(byte % CLASSES for byte in generator.randbytes(count))
        (folder / name).write_bytes(struct.pack(">HBBI", 0, 8, 1, count) + labels)
