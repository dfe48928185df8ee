#!/usr/bin/env python3
"""Checks that a run's model means the same here, in PyTorch and in onnxruntime, in both directions.

    check.py --runner target/debug/runner RUN [--pytorch]

RUN is a run directory of any network, trained on the embedded sample. For each direction the largest difference
between two sets of logits is printed; one beyond 1e-5, or a refused file, ends with exit code 1. With --pytorch the
program must have been built with the feature of that name, which reads .pt files.

Needs torch, numpy, safetensors, onnx, onnxruntime, and onnxscript for torch's ONNX exporter. With scikit-learn and
skl2onnx, a classifier of scikit-learn is imported too, if the network is one that it can train.
"""

import argparse
import gzip
import importlib.util
import json
import logging
import subprocess
import sys
import tempfile
import tomllib
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import safetensors.torch
import torch
from torch import nn

LIMIT = 1e-5
IMAGES = 32
SIDE = 28
ASSETS = Path(__file__).resolve().parents[2] / "crates" / "data" / "assets"
ACTIVATIONS = {
    "relu": nn.ReLU,
    "parametric-relu": nn.PReLU,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "silu": nn.SiLU,
}


# Without the exporters' own folding of constants.
UNFOLDED = {"torch": {"optimize": False}, "old": {"do_constant_folding": False}}


def expit(x):
    return 1 / (1 + np.exp(-x))


class RescaledSigmoid(nn.Module):
    def forward(self, x):
        return 4 * torch.sigmoid(x) - 2


class Wrapped(nn.Module):
    """What a LightningModule is for its state_dict: names begin with `model.`."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        # Written before nn.Flatten was common: exporters compute the shape in the graph.
        return torch.softmax(self.model(x.view(x.size(0), -1)), 1)


def sequential(model, d_input, classes):
    """What a PyTorch user would write for the network of a configuration."""
    layers, width = [], d_input
    dropout = model["dropout"] or [0.0] * len(model["hidden"])
    if model["input_dropout"] > 0:
        layers.append(nn.Dropout(model["input_dropout"]))
    for units, probability in zip(model["hidden"], dropout, strict=True):
        layers.append(nn.Linear(width, units))
        if model["batch_norm"]:
            layers.append(nn.BatchNorm1d(units))
        layers.append(ACTIVATIONS.get(model["activation"], RescaledSigmoid)())
        if probability > 0:
            layers.append(nn.Dropout(probability))
        width = units
    layers.append(nn.Linear(width, classes))
    return nn.Sequential(*layers)


def images():
    """The first images of the sample's test split, as the program sees them."""
    content = gzip.decompress((ASSETS / "t10k-images-idx3-ubyte.gz").read_bytes())
    count, height, width = (int.from_bytes(content[at : at + 4], "big") for at in (4, 8, 12))
    pixels = np.frombuffer(content, np.uint8, offset=16).reshape(count, height * width)
    return torch.from_numpy(pixels[:IMAGES].astype(np.float32) / np.float32(255))


class Check:
    def __init__(self, arguments, work):
        self.runner, self.run, self.work = arguments.runner, arguments.run, work
        self.config = tomllib.loads((arguments.run / "config.toml").read_text())
        if (self.config["data"]["mean"], self.config["data"]["std"]) != (0, 1):
            sys.exit("check.py: expected a run without normalization of its own")
        self.images = images()
        environment = json.loads((arguments.run / "environment.json").read_text())
        self.classes = len(environment["images"]["class_names"])
        self.failed = False

    def start(self, *arguments):
        return subprocess.run(
            [self.runner, *map(str, arguments)], check=True, stdout=subprocess.PIPE, text=True
        ).stdout

    def logits(self, run):
        names = [f"test:{index}" for index in range(IMAGES)]
        predictions = json.loads(self.start("predict", run, *names, "--data", "sample", "--json"))
        return np.array([prediction["logits"] for prediction in predictions], np.float32)

    def imported(self, file):
        run = self.work / f"run of {file.name}"
        self.start("import", file, "--config", self.run / "config.toml", "--data", "sample", "--out", run)
        return self.logits(run)

    def compare(self, direction, ours, theirs):
        assert ours.shape == theirs.shape == (IMAGES, self.classes), (ours.shape, theirs.shape)
        difference = float(np.abs(ours - theirs).max())
        verdict = "" if difference <= LIMIT else f"  beyond {LIMIT}"
        size = float(np.abs(theirs).max())
        print(f"{direction:<52} {difference:.2e}   (logits up to {size:.1f}){verdict}", flush=True)
        self.failed |= not difference <= LIMIT

    def torch_net(self):
        return sequential(self.config["model"], self.images.shape[1], self.classes)

    @torch.no_grad()
    def ours_to_others(self):
        ours = self.logits(self.run)

        net = self.torch_net()
        net.load_state_dict(safetensors.torch.load_file(self.run / "model.safetensors"), strict=False)
        missing = set(net.state_dict()) - set(safetensors.torch.load_file(self.run / "model.safetensors"))
        assert all(name.endswith("num_batches_tracked") for name in missing), missing
        self.compare("run directory, safetensors -> torch", ours, net.eval()(self.images).numpy())

        file = self.work / "exported.safetensors"
        self.start("export", self.run, "--format", "safetensors", "--out", file)
        assert file.read_bytes() == (self.run / "model.safetensors").read_bytes()

        file = self.work / "exported.onnx"
        self.start("export", self.run, "--format", "onnx", "--out", file)
        onnx.checker.check_model(onnx.load(file), full_check=True)
        session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
        (logits,) = session.run(["logits"], {"input": self.images.numpy()})
        self.compare("export, ONNX -> onnxruntime", ours, logits)
        (one,) = session.run(None, {"input": self.images[:1].numpy()})
        assert one.shape == (1, self.classes), "the batch is dynamic"
        self.compare("export, ONNX -> our import", ours, self.imported(file))

        file = self.work / "probabilities.onnx"
        self.start("export", self.run, "--format", "onnx", "--softmax", "--out", file)
        session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
        (probabilities,) = session.run(["probabilities"], {"input": self.images.numpy()})
        softmax = torch.softmax(torch.from_numpy(ours), 1).numpy()
        self.compare("export with softmax, ONNX -> onnxruntime", softmax, probabilities)

    def others_to_ours(self, pytorch):
        torch.manual_seed(0)
        net = self.torch_net()
        # Running statistics of their own, not the initial zeros and ones.
        for _ in range(3):
            net(torch.rand(64, self.images.shape[1]))
        net.eval()
        with torch.no_grad():
            theirs = net(self.images).numpy()

        file = self.work / "torch.safetensors"
        safetensors.torch.save_file(net.state_dict(), file)
        self.compare("torch, safetensors -> import", self.imported(file), theirs)

        if pytorch:
            file = self.work / "torch.pt"
            torch.save(net.state_dict(), file)
            self.compare("torch, .pt -> import", self.imported(file), theirs)

        wrapped = Wrapped(net).eval()
        file = self.work / "wrapped.safetensors"
        safetensors.torch.save_file(wrapped.state_dict(), file)
        self.compare("torch, names with a prefix -> import", self.imported(file), theirs)

        batch = {"dynamic_shapes": ({0: torch.export.Dim("batch")},)}
        exporters = {
            "torch": {"dynamo": True, "external_data": False, **batch},
            "old": {"dynamo": False, "input_names": ["x"], "dynamic_axes": {"x": [0]}},
        }
        for name, options in exporters.items():
            self.exported(f"{name}.onnx", net, self.images, theirs, options)
            squares = self.images.reshape(IMAGES, 1, SIDE, SIDE)
            self.exported(f"{name}-flattens.onnx", wrapped, squares, theirs, options)
            self.exported(f"{name}-unfolded.onnx", net, self.images, theirs, {**options, **UNFOLDED[name]})
            self.exported(f"{name}-double.onnx", net.double(), self.images.double(), theirs, options)
            net.float()

    def exported(self, name, net, inputs, theirs, options):
        """Compares the logits of a network that PyTorch exported as ONNX."""
        file = self.work / name
        with warnings.catch_warnings(action="ignore"):
            torch.onnx.export(net, (inputs,), file, verbose=False, **options)
        self.compare(f"torch, {name} -> import", self.imported(file), theirs)

    def sklearn_to_ours(self):
        """A classifier of scikit-learn, whose ONNX graph ends with a softmax and the choice of a class."""
        model = self.config["model"]
        activation = {"relu": "relu", "tanh": "tanh", "sigmoid": "logistic"}.get(model["activation"])
        if model["batch_norm"] or activation is None or not importlib.util.find_spec("skl2onnx"):
            return
        from skl2onnx import to_onnx
        from sklearn.neural_network import MLPClassifier

        classifier = MLPClassifier(model["hidden"], activation=activation, max_iter=2, random_state=0)
        images = self.images.numpy()
        with warnings.catch_warnings(action="ignore"):
            classifier.fit(images, np.arange(IMAGES) % self.classes)
        theirs = images
        for weight, bias in zip(classifier.coefs_, classifier.intercepts_, strict=True):
            if theirs is not images:
                theirs = {"relu": lambda x: np.maximum(x, 0), "tanh": np.tanh}.get(activation, expit)(theirs)
            theirs = theirs @ weight + bias
        for name, options in {"zipmap": {}, "arrays": {id(classifier): {"zipmap": False}}}.items():
            file = self.work / f"sklearn-{name}.onnx"
            file.write_bytes(to_onnx(classifier, images[:1], options=options).SerializeToString())
            self.compare(f"scikit-learn, {name} -> import", self.imported(file), theirs)


def main():
    # That torchvision is not installed does not matter.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path, metavar="RUN")
    parser.add_argument("--runner", type=Path, required=True)
    parser.add_argument("--pytorch", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        check = Check(arguments, Path(work))
        check.ours_to_others()
        check.others_to_ours(arguments.pytorch)
        check.sklearn_to_ours()
    sys.exit(1 if check.failed else 0)


if __name__ == "__main__":
    main()
