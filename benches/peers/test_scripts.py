"""Tests of the scripts themselves: standard library only, nothing built, nothing installed."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import subprocess
import sys
import tempfile
import unittest
import unittest.mock
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import build
import idx
import loglog
import measure
import run
import scaling

HERE = Path(__file__).resolve().parent
SAMPLE = build.ROOT / "crates" / "data" / "assets"


class Measuring(unittest.TestCase):
    def test_time_and_memory_are_those_of_the_child(self):
        script = "import time; x = bytearray(b'1' * 150_000_000); time.sleep(0.2); print(len(x))"
        process = measure.run([sys.executable, "-c", script], threads=1)
        self.assertEqual(process.stdout, "150000000\n")
        self.assertGreater(process.seconds, 0.2)
        self.assertTrue(150e6 < process.peak_bytes < 400e6, process.peak_bytes)

    def test_every_library_gets_the_threads_and_the_runner_no_settings(self):
        with unittest.mock.patch.dict("os.environ", {"BURN_MLP_TRAINING_EPOCHS": "1", "RAYON_NUM_THREADS": "64"}):
            environment = measure.environment(3)
        self.assertEqual({environment[name] for name in measure.THREAD_VARIABLES}, {"3"})
        self.assertNotIn("BURN_MLP_TRAINING_EPOCHS", environment)

    def test_a_failure_says_what_the_program_said(self):
        with self.assertRaisesRegex(measure.Failed, "exit code 3: no such thing"):
            measure.run(["sh", "-c", "echo no such thing >&2; exit 3"], threads=1)

    def test_more_threads_than_cores_are_refused(self):
        with self.assertRaises(SystemExit):
            measure.pin(len(measure.available_cores()) + 1)


class Files(unittest.TestCase):
    def test_made_files_are_read_back_and_repeat(self):
        with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
            for folder in (first, second):
                idx.make(Path(folder), train=1500, test=10)
            shape, pixels = idx.read(Path(first), idx.TRAIN_IMAGES)
            self.assertEqual((shape, len(pixels)), ((1500, 28, 28), 1500 * 784))
            shape, labels = idx.read(Path(first), idx.TEST_LABELS)
            self.assertEqual((shape, len(labels)), ((10,), 10))
            self.assertLess(max(labels), 10)
            self.assertEqual(idx.read(Path(second), idx.TRAIN_IMAGES)[1], pixels)

    def test_unpacked_files_are_the_packed_ones(self):
        with tempfile.TemporaryDirectory() as folder:
            root = idx.unpack(SAMPLE, Path(folder))
            for name in idx.NAMES:
                self.assertEqual(idx.read(root / "FashionMNIST" / "raw", name), idx.read(SAMPLE, name))


class Tables(unittest.TestCase):
    def peer(self, name: str, label: str, seconds: list[float]) -> run.Peer:
        peer = run.Peer(name, label, prepare=lambda *_: [])
        epochs = [{"seconds": second, "test_accuracy": 0.875} for second in seconds]
        peer.runs = [{"seconds": 2 * sum(seconds), "peak_bytes": 93_400_000, "epochs": epochs}]
        return peer

    def test_the_ratio_is_that_of_medians(self):
        missing = run.Peer("torchvision", "missing", prepare=lambda *_: [], problem="not installed")
        peers = [self.peer("a", "ours", [1.0, 9.0, 0.5]), self.peer(run.BASELINE, "theirs", [2.0, 3.0, 1.0]), missing]
        lines = run.table(peers, argparse.Namespace(epochs=3)).splitlines()
        cells = ["ours", "1.000 (0.500 to 9.000)", "0.50", "21.00 (21.00 to 21.00)", "1.75", "93", "87.50 %"]
        self.assertEqual(lines[2], f"| {' | '.join(cells)} |")
        self.assertIn("| 1.00 |", lines[3])
        self.assertEqual(lines[4], "| missing | not installed | | | | | |")

    def test_growth_is_the_exponent_between_rows(self):
        values, results = [64, 128], {}
        for value, seconds in zip(values, (1.0, 4.0)):
            results[replace(scaling.Job(), width=value)] = scaling.Result(seconds, 10**8, seconds / 4)
        last = [cell.strip() for cell in scaling.table("width", values, results).splitlines()[-1].split("|")]
        self.assertEqual(last[4:10], ["4.000", "2.00", "1.000", "25 %", "100", "0.00"])

    def test_the_default_job_has_its_parameters_and_operations(self):
        self.assertEqual(scaling.Job().parameters(), 269_322)
        # 2 (784·256·2 + 256·256·3 + 256·10·3) operations an image.
        self.assertEqual(scaling.Job().flops(), 60_000 * 2 * (784 * 256 * 2 + 256 * 256 * 3 + 2560 * 3))
        self.assertEqual(scaling.Job().network(), "256:784,256,256,10")


class Plots(unittest.TestCase):
    def test_equal_ratios_are_equal_distances(self):
        axis = loglog.Axis([1.0, 100.0], 0.0, 200.0)
        self.assertAlmostEqual(axis(10.0) - axis(1.0), axis(100.0) - axis(10.0))
        self.assertTrue(0.0 < axis(1.0) < axis(100.0) < 200.0)

    def test_labels_that_would_touch_are_left_out_but_not_the_largest(self):
        values = scaling.SWEEPS["batch"]
        axis = loglog.Axis(values, loglog.LEFT, loglog.WIDTH - loglog.RIGHT)
        self.assertEqual(loglog.places(values, axis), [4096, 1024, 512, 256, 128, 64, 32, 16])
        wide = loglog.Axis(values, 0.0, 1000.0)
        self.assertEqual(loglog.places(values, wide), values[::-1])

    def test_the_plot_is_xml_with_every_point_inside(self):
        series = loglog.Series("a < b", [(1.0, 0.01), (10.0, 0.2), (4096.0, 70.0)])
        root = ElementTree.fromstring(loglog.svg([[loglog.Panel("t", "x", "y", [series, series])]], "caption"))
        dots = list(root.iter("{http://www.w3.org/2000/svg}circle"))
        self.assertEqual(len(dots), 6)
        for dot in dots:
            self.assertTrue(0 < float(dot.get("cx")) < loglog.WIDTH and 0 < float(dot.get("cy")) < loglog.HEIGHT)


# Stands in for the runner: says its version, and leaves the record of a run of its arguments.
RUNNER = """#!{python}
import json, pathlib, sys
if sys.argv[1] == "--version":
    sys.exit(print("runner 0.1.0 (backend flex)"))
given = dict(zip(sys.argv[2::2], sys.argv[3::2]))
sets = dict(text.split("=") for flag, text in zip(sys.argv, sys.argv[1:]) if flag == "--set")
out = pathlib.Path(given["--out"])
out.mkdir()
epochs = int(sets["training.epochs"])
images = 6000 if given["--data"] == "sample" else 60000
lines = [json.dumps({{"seconds": 0.5 * epoch, "test_accuracy": 0.8}}) for epoch in range(1, epochs + 1)]
(out / "metrics.jsonl").write_text("\\n".join(lines) + "\\n")
facts = {{"version": "0.1.0", "commit": None, "burn": "0.21.0", "backend": "flex", "threads": 1}}
(out / "environment.json").write_text(json.dumps(facts | {{"images": {{"train": images}}, "sets": sets}}))
"""


def runner_in(folder: str) -> Path:
    path = Path(folder) / "runner"
    path.write_text(RUNNER.format(python=sys.executable))
    path.chmod(0o755)
    return path


class Programs(unittest.TestCase):
    def test_the_runners_record_becomes_a_row_and_samples(self):
        with tempfile.TemporaryDirectory() as folder:
            samples = Path(folder) / "samples.json"
            options = ["--epochs", "3", "--rounds", "2", "--data", SAMPLE, "--json", samples]
            options += ["--only", "runner-flex", "--runner-flex", runner_in(folder)]
            output = subprocess.run([sys.executable, HERE / "run.py", *options], capture_output=True, check=True).stdout
            self.assertIn(b"| this runner, flex | 1.000 (0.500 to 1.500) | - |", output)
            peer = json.loads(samples.read_text())["peers"][0]
            self.assertEqual([len(run["epochs"]) for run in peer["runs"]], [3, 3])
            self.assertEqual(peer["versions"]["backend"], "flex")

    def test_a_runner_of_another_backend_is_refused(self):
        with tempfile.TemporaryDirectory() as folder, self.assertRaisesRegex(measure.Failed, "not a build with backend"):
            build.runner("ndarray", runner_in(folder), build=False)

    def test_a_scaling_run_passes_its_job_on_and_checks_the_data(self):
        options = argparse.Namespace(epochs=2, threads=1)
        with tempfile.TemporaryDirectory() as folder:
            runner, data = runner_in(folder), {60_000: Path("somewhere"), 600_000: Path("elsewhere")}
            found = scaling.train(scaling.Job(width=64, depth=3), runner, data, options)
            self.assertEqual(found["epochs"], [0.5, 1.0])
            with self.assertRaisesRegex(measure.Failed, "expected 600000 training images, found 60000"):
                scaling.train(scaling.Job(images=600_000), runner, data, options)

    def test_a_peer_that_is_not_installed_stays_in_the_table(self):
        with tempfile.TemporaryDirectory() as folder:
            samples = Path(folder) / "samples.json"
            arguments = ["--only", "pytorch", "--python", "/nonexistent/python", "--data", SAMPLE, "--json", samples]
            command = [sys.executable, HERE / "run.py", *arguments]
            output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            self.assertIn("| PyTorch, everything in memory | /nonexistent/python does not run: No such file", output)
            self.assertEqual(json.loads(samples.read_text())["peers"][0]["runs"], [])

    def test_unknown_names_are_refused(self):
        for script in (run, scaling):
            with (
                unittest.mock.patch("sys.argv", ["script", "--only", "nothing"]),
                contextlib.redirect_stderr(io.StringIO()),
                self.assertRaises(SystemExit) as caught,
            ):
                script.main()
            self.assertEqual(caught.exception.code, 2)


if __name__ == "__main__":
    unittest.main()
