"""The job in JAX, with a whole epoch in one compiled function: `lax.scan` over the batches of a permutation."""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

import idx
import job as jobs


def initial(job: jobs.Job, key: jax.Array) -> list[dict]:
    """Weights and biases of each layer; scale and shift where it is normalized."""
    widths = (784, *job.hidden, 10)
    layers = []
    for index, (d_input, d_output) in enumerate(zip(widths, widths[1:])):
        bound = (6 / (d_input + d_output)) ** 0.5
        weight = jax.random.uniform(jax.random.fold_in(key, index), (d_input, d_output), minval=-bound, maxval=bound)
        layer = {"weight": weight, "bias": jnp.zeros(d_output)}
        if job.batch_norm and index < len(job.hidden):
            layer |= {"scale": jnp.ones(d_output), "shift": jnp.zeros(d_output)}
        layers.append(layer)
    return layers


def logits(job: jobs.Job, layers: list[dict], running: list, x: jax.Array, key: jax.Array | None) -> tuple:
    """Logits, and the running statistics after a training step; `key` is None at prediction."""
    updated = []
    for index, (layer, prob) in enumerate(zip(layers, job.dropout)):
        x = x @ layer["weight"] + layer["bias"]
        if job.batch_norm:
            mean, variance = running[index] if key is None else (x.mean(0), x.var(0))
            updated.append([0.9 * old + 0.1 * new for old, new in zip(running[index], (mean, variance))])
            x = (x - mean) * jax.lax.rsqrt(variance + 1e-5) * layer["scale"] + layer["shift"]
        x = jax.nn.relu(x)
        if key is not None:
            keep = jax.random.bernoulli(jax.random.fold_in(key, index), 1 - prob, x.shape)
            x = jnp.where(keep, x / (1 - prob), 0)
    return x @ layers[-1]["weight"] + layers[-1]["bias"], updated


def update(job: jobs.Job, layers: list, moments: tuple, gradients: list, step: jax.Array) -> tuple:
    rate = job.learning_rate
    if not job.adamw:
        return jax.tree.map(lambda w, g: w - rate * g, layers, gradients), moments
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, moments[0], gradients)
    second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, moments[1], gradients)
    corrections = 1 - 0.9 ** (step + 1.0), 1 - 0.999 ** (step + 1.0)

    def move(w: jax.Array, m: jax.Array, v: jax.Array) -> jax.Array:
        w = w * (1 - rate * 0.01) if w.ndim > 1 else w
        return w - rate * (m / corrections[0]) / (jnp.sqrt(v / corrections[1]) + 1e-8)

    return jax.tree.map(move, layers, first, second), (first, second)


@partial(jax.jit, static_argnums=0, donate_argnums=1)
def train_epoch(job: jobs.Job, state: tuple, images: jax.Array, targets: jax.Array, key: jax.Array) -> tuple:
    """The state after an epoch, the sum of the losses, and the number of right predictions."""
    batches = len(targets) // job.batch_size
    order = jax.random.permutation(key, len(targets))

    def step(state: tuple, indices: jax.Array) -> tuple:
        layers, running, moments, number = state
        x, y = images[indices], targets[indices]

        def loss(layers: list) -> tuple:
            z, updated = logits(job, layers, running, x, jax.random.fold_in(key, number))
            log_probabilities = jax.nn.log_softmax(z)
            return -jnp.take_along_axis(log_probabilities, y[:, None], 1).mean(), (z, updated)

        (value, (z, updated)), gradients = jax.value_and_grad(loss, has_aux=True)(layers)
        layers, moments = update(job, layers, moments, gradients, number)
        sums = value * len(y), (z.argmax(1) == y).sum()
        return (layers, updated, moments, number + 1), sums

    state, (losses, correct) = jax.lax.scan(step, state, order[: batches * job.batch_size].reshape(batches, -1))
    # The rest, a smaller batch: every example is seen once.
    if rest := len(targets) % job.batch_size:
        state, (loss, right) = step(state, order[-rest:])
        return state, losses.sum() + loss, correct.sum() + right
    return state, losses.sum(), correct.sum()


@partial(jax.jit, static_argnums=0)
def count_correct(job: jobs.Job, state: tuple, images: jax.Array, targets: jax.Array) -> jax.Array:
    return (logits(job, state[0], state[1], images, None)[0].argmax(1) == targets).sum()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the four IDX files, raw or .gz")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--job", type=jobs.from_json, default=jobs.JOBS["default"], help="as JSON")
    parser.add_argument("--threads", type=int, help="has no effect: XLA takes the cores that the process may use")
    parser.add_argument("--json", action="store_true", help="print one JSON object at the end instead of lines")
    options = parser.parse_args()
    job = options.job

    def load(images: str, labels: str) -> tuple:
        shape, values = idx.read(options.data, images)
        pixels = np.frombuffer(values, np.uint8).reshape(shape[0], -1).astype(np.float32) / 255
        return jnp.asarray(pixels), jnp.asarray(np.frombuffer(idx.read(options.data, labels)[1], np.uint8).astype(np.int32))

    train, test = load(idx.TRAIN_IMAGES, idx.TRAIN_LABELS), load(idx.TEST_IMAGES, idx.TEST_LABELS)
    key = jax.random.key(42)
    layers = initial(job, key)
    running = [[jnp.zeros(width), jnp.ones(width)] for width in job.hidden if job.batch_norm]
    zeros = jax.tree.map(jnp.zeros_like, layers)
    moments = (zeros, jax.tree.map(jnp.zeros_like, layers)) if job.adamw else ()
    state = (layers, running, moments, jnp.zeros((), jnp.int32))
    # Compiled beforehand: an epoch's time is that of the epoch.
    compiled = train_epoch.lower(job, state, *train, key).compile()
    epochs = []
    for epoch in range(1, options.epochs + 1):
        started = time.perf_counter()
        state, loss, correct = compiled(state, *train, jax.random.fold_in(key, epoch))
        loss, correct = float(loss), int(correct)
        trained = time.perf_counter()
        accuracy = int(count_correct(job, state, *test)) / len(test[1])
        epochs.append(
            {
                "epoch": epoch,
                "seconds": trained - started,
                "evaluation_seconds": time.perf_counter() - trained,
                "train_loss": loss / len(train[1]),
                "train_accuracy": correct / len(train[1]),
                "test_accuracy": accuracy,
            }
        )
        if not options.json:
            print(f"epoch {epoch:2}  loss {loss / len(train[1]):.4f}  test {100 * accuracy:.2f} %  {epochs[-1]['seconds']:.2f} s")
    if options.json:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        print(json.dumps({"versions": {"jax": jax.__version__}, "peak_bytes": peak, "epochs": epochs}))


if __name__ == "__main__":
    main()
