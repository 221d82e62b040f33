"""Keras, set up once: import `keras` and `tf` from here, never directly.

What depends on TensorFlow rather than on Keras is in this module, `step.py`, `losses.py` and the bank's program; a second backend is a second version
of these.
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
    """A finder that finds none of some modules; for one thread alone, as others may need them at that moment."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.thread = threading.get_ident()

    def find_spec(self, name: str, *_: Any) -> None:
        if name in self.names and threading.get_ident() == self.thread:
            raise ModuleNotFoundError(f"{name} is not loaded here", name=name)


@contextmanager
def without(*names: str) -> Iterator[None]:
    """Within it, modules of these names that are not loaded yet are not found by this thread."""
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
    """Keeps off the terminal what TensorFlow's libraries print while they load; shown after all if loading fails."""
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
"""What Keras imports for wrappers and data frames that nobody here gives it, and goes without where it is not installed: a second less."""


with _quiet(), without(*UNUSED):
    import keras
    import tensorflow as tf

    tf.config.list_physical_devices("GPU")  # The first look at devices is what prints most.

# What rewrites graphs orders large sums as it likes: with moving batch statistics at 128 pixels and more, the same seed gave
# other bits each time. Without it steps take as long, and come out the same (test_determinism).
tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})

# TensorFlow warns of retracing where a process trains one run after another, each with a graph of its own.
tf.get_logger().setLevel(logging.ERROR)

__all__ = ["device_memory", "device_name", "keras", "room", "set_up", "tf"]


MOST_ON_GPU = 2_000_000_000
"""TensorFlow does not say how much memory a GPU has; each that trains networks has this to spare."""


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
    """Bytes that stored inputs may take where networks compute: a quarter of the memory that is free."""
    free = int(psutil.virtual_memory().available) // 4
    if not tf.config.list_physical_devices("GPU"):
        return free
    return min(free, MOST_ON_GPU - (device_memory() or 0))


def set_up(seed: int) -> None:
    """Makes what follows reproducible: seeds Python, NumPy and Keras; on a GPU also asks for deterministic kernels.

    On a processor the kernels in use give the same bits each time (test_resume and test_determinism hold them to it).
    """
    keras.utils.set_random_seed(seed)
    if tf.config.list_physical_devices("GPU"):
        tf.config.experimental.enable_op_determinism()
