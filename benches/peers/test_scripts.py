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

    def test_the_plot_is_xml_with_every_point_inside(self):
        series = loglog.Series("a < b", [(1.0, 0.01), (10.0, 0.2), (4096.0, 70.0)])
        root = ElementTree.fromstring(loglog.svg([[loglog.Panel("t", "x", "y", [series, series])]], "caption"))
        dots = list(root.iter("{http://www.w3.org/2000/svg}circle"))
        self.assertEqual(len(dots), 6)
        for dot in dots:
            self.assertTrue(0 < float(dot.get("cx")) < loglog.WIDTH and 0 < float(dot.get("cy")) < loglog.HEIGHT)


class Programs(unittest.TestCase):
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
