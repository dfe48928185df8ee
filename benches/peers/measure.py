"""Runs programs one at a time on the same cores and measures them from outside. Unix only: needs wait4."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

# Each library reads its own; a program that got none would take every core it sees.
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "RAYON_NUM_THREADS",
    "MATMUL_NUM_THREADS",
)
# Variables of the caller that would change what the runner does.
SETTING_PREFIXES = ("BURN_MLP_", "FASHION_MNIST_")
VECTOR_FLAGS = ("avx2", "fma", "avx512f", "avx512vl", "avx512_bf16", "amx_tile", "asimd", "sve")
# Share of the cores' time taken by other programs from which on a figure says little.
BUSY = 0.05


class Failed(Exception):
    """A program ended with an error; the message holds the last lines it wrote."""


@dataclass(frozen=True)
class Process:
    """What a program took, from its start to its exit."""

    seconds: float
    processor_seconds: float
    peak_bytes: int
    others: float | None
    """Share of its cores' time that other programs took meanwhile; None where the system does not tell."""
    stdout: str


def available_cores() -> list[int]:
    """Cores this process may use, one of each physical core before the second thread of any."""
    if not hasattr(os, "sched_getaffinity"):
        return list(range(os.cpu_count() or 1))
    cores = sorted(os.sched_getaffinity(0))

    def rank(core: int) -> tuple[int, int]:
        path = Path(f"/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list")
        try:
            siblings = [int(text) for text in re.split("[,-]", path.read_text().strip())]
        except (OSError, ValueError):
            return 0, core
        return int(core != siblings[0]), core

    return sorted(cores, key=rank)


def pin(threads: int) -> list[int] | None:
    """Keeps this process, and so all its children, on `threads` cores; None where the system cannot."""
    cores = available_cores()
    if threads > len(cores):
        raise SystemExit(f"--threads {threads}: this process may use {len(cores)} cores")
    if not hasattr(os, "sched_setaffinity"):
        return None
    os.sched_setaffinity(0, cores[:threads])
    return sorted(cores[:threads])


def environment(threads: int) -> dict[str, str]:
    """The caller's environment with the same number of threads for every library, and no settings of the runner."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(SETTING_PREFIXES)}
    return kept | dict.fromkeys(THREAD_VARIABLES, str(threads))


def busy_seconds() -> float | None:
    """Time that the cores of this process have worked since the system started, for whatever program."""
    try:
        lines = Path("/proc/stat").read_text().splitlines()
        cores = {f"cpu{core}" for core in os.sched_getaffinity(0)}
    except (OSError, AttributeError):
        return None
    ticks = 0
    for name, user, nice, system, _idle, _waiting, *interrupts in (line.split() for line in lines if line[:3] == "cpu"):
        if name in cores:
            # Hardware and software interrupts, and what the host gave to other machines. Guests are in `user`.
            ticks += sum(map(int, (user, nice, system, *interrupts[:3])))
    return ticks / os.sysconf("SC_CLK_TCK")


def run(command: list[str | Path], threads: int) -> Process:
    """Runs a program to its end. `Failed` if it ends with an error.

    The peak is the kernel's high-water mark of resident memory, of the largest process where there are several. It
    starts at this process's own size (about 20 MB), which a child shares until it becomes another program.
    """
    with tempfile.TemporaryFile("w+") as stdout, tempfile.TemporaryFile("w+") as stderr:
        busy = busy_seconds()
        started = time.perf_counter()
        child = subprocess.Popen(
            [str(part) for part in command], env=environment(threads), stdout=stdout, stderr=stderr, text=True
        )
        try:
            _, status, usage = os.wait4(child.pid, 0)
        except KeyboardInterrupt:
            child.kill()
            child.wait()
            raise
        seconds = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            stderr.seek(0)
            lines = stderr.read().strip().splitlines() or ["no message"]
            raise Failed(f"exit code {child.returncode}: {' / '.join(lines[-2:])}")
        stdout.seek(0)
        own = usage.ru_utime + usage.ru_stime
        others = None
        if busy is not None:
            # Ticks of 10 ms: a run much shorter than a second may come out below none or above all.
            share = (busy_seconds() - busy - own) / (seconds * len(os.sched_getaffinity(0)))
            others = min(1.0, max(0.0, share))
        unit = 1 if sys.platform == "darwin" else 1024
        return Process(seconds, own, usage.ru_maxrss * unit, others, stdout.read())


def first_line(command: list[str | Path]) -> str | None:
    """The first line a program prints; None if it does not run."""
    try:
        output = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return output.strip().split("\n")[0] or None


def machine() -> dict:
    """Processor, cores, vector instructions and system."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        text = ""
    fields = dict(re.findall(r"^([\w ]+?)\s*: (.*)$", text, re.MULTILINE))
    flags = set(fields.get("flags", fields.get("Features", "")).split())
    processor = fields.get("model name") or first_line(["sysctl", "-n", "machdep.cpu.brand_string"])
    return {
        "processor": processor or platform.processor() or platform.machine(),
        "cores": len(available_cores()),
        "vector_flags": [flag for flag in VECTOR_FLAGS if flag in flags],
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "rustc": first_line(["rustc", "--version"]),
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def describe(machine: dict, threads: int, cores: list[int] | None, others: list[float | None]) -> str:
    """The machine in a sentence, and how far it was left alone."""
    flags = ", ".join(machine["vector_flags"]) or "vector instructions not known"
    where = f"pinned to cores {', '.join(map(str, cores))}" if cores else "not pinned to cores"
    text = f"{machine['processor']} ({flags}), {machine['cores']} cores; threads: {threads}, {where}."
    known = [share for share in others if share is not None]
    if known:
        text += f" Other programs took up to {100 * max(known):.0f} % of these cores during a run."
        if max(known) > BUSY:
            text += " The machine was not idle: these figures are not to be trusted."
    return text
