"""Keras, set up once: import `keras` and `tf` from here, never directly.

What depends on TensorFlow rather than on Keras is in this module and in `step.py`; a second backend is a second version of these
two.
"""

from __future__ import annotations

import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")

import keras
import tensorflow as tf

__all__ = ["device_name", "keras", "set_threads", "set_up", "tf"]


def set_threads(threads: int) -> None:
    """How many cores TensorFlow uses; only before its first operation, later calls raise RuntimeError."""
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)


def device_name() -> str:
    """The device a run uses: the first GPU TensorFlow sees, otherwise the processor."""
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return "CPU"
    return str(tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU"))


def set_up(seed: int) -> None:
    """Makes what follows reproducible: seeds Python, NumPy and Keras; on a GPU also asks for deterministic kernels.

    On a processor the kernels in use give the same bits each time without being asked (test_resume holds them to it).
    """
    keras.utils.set_random_seed(seed)
    if tf.config.list_physical_devices("GPU"):
        tf.config.experimental.enable_op_determinism()
