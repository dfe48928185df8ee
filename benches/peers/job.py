"""The jobs that the programs are compared on: a network, its batches and its optimizer."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Job:
    """784 inputs, ReLU, ten classes; cross-entropy; Xavier uniform weights and zero biases."""

    hidden: tuple[int, ...]
    dropout: tuple[float, ...]
    batch_size: int
    learning_rate: float
    batch_norm: bool = False
    adamw: bool = False

    def sets(self) -> list[str]:
        """The runner's settings, beside those of `configs/dropout.toml`."""
        settings = [
            f"model.hidden={list(self.hidden)}",
            f"model.dropout={list(self.dropout)}",
            f"model.batch_norm={str(self.batch_norm).lower()}",
            f"training.batch_size={self.batch_size}",
            f"training.learning_rate={self.learning_rate}",
        ]
        if self.adamw:
            settings += ["optimizer.kind=adamw", "optimizer.weight_decay=0.01"]
        return settings

    def to_json(self) -> str:
        return json.dumps(asdict(self))


def from_json(text: str) -> Job:
    fields = json.loads(text)
    return Job(**fields | {"hidden": tuple(fields["hidden"]), "dropout": tuple(fields["dropout"])})


JOBS = {
    "default": Job((256, 256), (0.2, 0.5), 256, 0.5),
    "small": Job((64,), (0.2,), 32, 0.1),
    "large-batch": Job((256, 256), (0.2, 0.5), 2048, 0.5),
    "deep": Job((128,) * 8, (0.1,) * 8, 128, 0.1),
    "norm": Job((256, 256), (0.2, 0.5), 256, 0.001, batch_norm=True, adamw=True),
    "wide": Job((1024,) * 3, (0.2, 0.5, 0.5), 256, 0.1),
    "wide-norm": Job((1024,) * 3, (0.2, 0.5, 0.5), 256, 0.001, batch_norm=True, adamw=True),
}
