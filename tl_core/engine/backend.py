"""Keras, set up once: import `keras` and `tf` from here, never directly.

Code that depends on TensorFlow rather than on Keras is in this module, `step.py`, `gradients.py`, `losses.py` and the bank's network and stack; a
second backend needs a second version of these.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from typing import Any

import psutil


class _Absent(MetaPathFinder):
    """A module finder that hides some modules from one thread; others may need them."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.thread = threading.get_ident()

    def find_spec(self, name: str, *_: Any) -> None:
        if name in self.names and threading.get_ident() == self.thread:
            raise ModuleNotFoundError(f"{name} is not loaded here", name=name)


@contextmanager
def without(*names: str) -> Iterator[None]:
    """A context in which this thread cannot import these modules, unless they are loaded already."""
    finder = _Absent(names)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")


@contextmanager
def _quiet() -> Iterator[None]:
    """Hides what TensorFlow's libraries print while they load; shown if loading fails."""
    with tempfile.TemporaryFile() as kept:
        sys.stderr.flush()
        terminal = os.dup(2)
        os.dup2(kept.fileno(), 2)
        try:
            yield
        except BaseException:
            kept.seek(0)
            os.write(terminal, kept.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)


UNUSED = ("sklearn", "pandas")
"""Optional imports of Keras for wrappers and data frames, unused here; skipping them saves a second."""


with _quiet(), without(*UNUSED):
    import keras
    import tensorflow as tf

    tf.config.list_physical_devices("GPU")  # Listing devices prints most.

# The graph optimiser reorders large sums: with moving batch statistics at 128 pixels and more, the same seed gave
# different bits each time. Without it steps take as long, and are reproducible (test_determinism).
tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})

# TensorFlow warns of retracing when a process trains several runs, each with its own graph.
tf.get_logger().setLevel(logging.ERROR)

__all__ = ["device_memory", "device_name", "keras", "room", "set_up", "tf"]


MOST_ON_GPU = 2_000_000_000
"""TensorFlow does not report the memory of a GPU; any GPU that trains networks has this much."""


def device_name() -> str:
    """The device a run uses: the first GPU TensorFlow sees, otherwise the processor."""
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return "CPU"
    return str(tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU"))


def device_memory() -> int | None:
    """Bytes TensorFlow holds on the first GPU; None without one."""
    if not tf.config.list_physical_devices("GPU"):
        return None
    return int(tf.config.experimental.get_memory_info("GPU:0")["current"])


def room() -> int:
    """Bytes that resident inputs may take on the device: a quarter of the free memory."""
    free = int(psutil.virtual_memory().available) // 4
    if not tf.config.list_physical_devices("GPU"):
        return free
    return min(free, MOST_ON_GPU - (device_memory() or 0))


def set_up(seed: int) -> None:
    """Makes training reproducible: seeds Python, NumPy and Keras; on a GPU also requests deterministic kernels.

    The CPU kernels in use are deterministic (test_resume and test_determinism check this).
    """
    keras.utils.set_random_seed(seed)
    if tf.config.list_physical_devices("GPU"):
        tf.config.experimental.enable_op_determinism()
