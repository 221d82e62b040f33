"""The training devices: each GPU reported by the driver, otherwise the CPU. Found without loading TensorFlow, which would occupy the GPU."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True)
class Device:
    """One device.

    Attributes:
        name: "cpu", or "gpu" with its number; the name of its worker's files.
        title: Its name on pages.
        environment: Environment variables that restrict a process to this device.
    """

    name: str
    title: str
    environment: dict[str, str]


@lru_cache(maxsize=1)
def devices() -> tuple[Device, ...]:
    """The devices of this machine; each gets a training worker."""
    return tuple(_gpus()) or (_cpu(),)


def training_threads() -> int:
    """Threads of a training step on the processor: one core stays free for pages; measured: training is not slower (docs/architecture.md)."""
    return max(1, (os.cpu_count() or 1) - 1)


def _cpu() -> Device:
    cores = os.cpu_count() or 1
    threads = {"TF_NUM_INTRAOP_THREADS": str(training_threads()), "CUDA_VISIBLE_DEVICES": ""}
    return Device("cpu", f"Processor, {cores} cores", threads)


def _gpus() -> list[Device]:
    command = shutil.which("nvidia-smi")
    if command is None:
        return []
    query = [command, "--query-gpu=index,name", "--format=csv,noheader"]
    try:
        said = subprocess.run(query, capture_output=True, text=True, timeout=10, check=False).stdout
    except subprocess.TimeoutExpired:  # The driver hangs: train on the CPU.
        return []
    rows = [line.partition(", ") for line in said.splitlines() if line[:1].isdigit()]
    return [Device(f"gpu{number}", title, {"CUDA_VISIBLE_DEVICES": number}) for number, _, title in rows]
