"""Runs the frozen prefix of a network: OpenVINO on a CPU, Keras on a GPU.

OpenVINO does the same arithmetic about twice as fast on a CPU (docs/performance.md). Its precision is always set: by default it
uses bf16 on CPUs that support it.
"""

from __future__ import annotations

import io
import logging
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any, Literal

import numpy as np

from tl_core.cache import feature_keys
from tl_core.engine.backend import keras, tf, without
from tl_core.engine.step import forward_pass
from tl_core.errors import RunFailed

AT_ONCE, MOST_AT_ONCE = 110_000, 16
"""Pixels, and images, per request (docs/performance.md)."""

REQUESTS = 2
"""Requests in flight per core, so that the next is ready when one finishes."""

Prefix = Callable[[Iterable[np.ndarray]], Iterator[np.ndarray]]
"""From batches of RGB pixels 0..255 (uint8 or float32, shape (batch, size, size, 3)) to float32 outputs, in order."""


Precision = Literal["f32", "bf16", "int8"]


@dataclass(frozen=True, eq=False)
class Arithmetic:
    """The arithmetic of OpenVINO; no effect on a GPU.

    Attributes:
        precision: As `train.prefix_precision`.
        samples: For int8: the images whose activations determine its ranges, uint8 RGB, shape (images, size, size, 3).
        drawn: An identifier for them.
    """

    precision: Precision = "f32"
    samples: np.ndarray | None = None
    drawn: str = ""

    @property
    def identity(self) -> tuple[str, ...]:
        """Distinguishes its outputs from those of f32."""
        int8 = self.precision == "int8"
        samples = (self.drawn, version("nncf") if find_spec("nncf") else "") if int8 else ()
        return feature_keys.arithmetic_of(self.precision, samples)


EXACT = Arithmetic()


def on_gpu() -> bool:
    """True if Keras runs the frozen prefix on a GPU."""
    return bool(tf.config.list_physical_devices("GPU"))


def compiled(model: keras.Model, arithmetic: Arithmetic = EXACT) -> Prefix:
    """A compiled frozen model, for many batches."""
    return in_keras(model) if on_gpu() else in_openvino(model, arithmetic)


def in_keras(model: keras.Model) -> Prefix:
    """The model run by Keras, in inference mode."""
    forward = forward_pass(model)
    return lambda batches: map(forward, batches)


def in_openvino(model: keras.Model, arithmetic: Arithmetic = EXACT) -> Prefix:
    """The model run by OpenVINO, a few images at a time on each core."""
    openvino = _openvino()
    cores = os.cpu_count() or 1
    options = {
        "INFERENCE_PRECISION_HINT": "bf16" if arithmetic.precision == "bf16" else "f32",
        "PERFORMANCE_HINT": "THROUGHPUT",
        "INFERENCE_NUM_THREADS": cores,
        "NUM_STREAMS": cores,
    }
    converted = _converted(model)
    if arithmetic.precision == "int8":
        assert arithmetic.samples is not None
        converted = _quantised(converted, arithmetic.samples)
    images = images_at_once(model.inputs[0].shape[1])
    converted.reshape([images, *model.inputs[0].shape[1:]])
    network = openvino.Core().compile_model(converted, "CPU", options)

    def run(batches: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        requests = [network.create_infer_request() for _ in range(REQUESTS * cores)]
        counts = deque[int]()
        return _joined(_in_turn(requests, _pieces(batches, images, counts)), images, counts)

    return run


def images_at_once(size: int) -> int:
    """Images per request at a size: as many as keep their activations in a core's cache."""
    fitting = max(AT_ONCE // size**2, 1)
    return min(1 << fitting.bit_length() - 1, MOST_AT_ONCE)


def _pieces(batches: Iterable[np.ndarray], images: int, counts: deque[int]) -> Iterator[np.ndarray]:
    """Batches in pieces of a fixed number of images, the last of each padded with black ones; `counts` receives the size of each batch."""
    for batch in batches:
        counts.append(len(batch))
        for first in range(0, max(len(batch), 1), images):
            piece = batch[first : first + images]
            yield np.pad(piece, [(0, images - len(piece)), (0, 0), (0, 0), (0, 0)])


def _joined(results: Iterable[np.ndarray], images: int, counts: deque[int]) -> Iterator[np.ndarray]:
    """Joins the results of pieces into batches."""
    found: list[np.ndarray] = []
    for result in results:
        found.append(result)
        if len(found) * images >= counts[0]:
            yield np.concatenate(found)[: counts.popleft()]
            found.clear()


def _openvino() -> Any:
    """The package, without its telemetry, which is on by default."""
    with without("openvino_telemetry"):
        import openvino.tools.ovc
    return openvino


def _converted(model: keras.Model) -> Any:
    """The model converted to OpenVINO."""
    # As constants: the converter reads each variable of a graph a dozen times.
    trained, others = (
        [np.asarray(of) for of in kind] for kind in (model.trainable_variables, model.non_trainable_variables)
    )

    def forward(pixels: Any) -> Any:
        outputs, _ = model.stateless_call(
            [tf.constant(value) for value in trained], [tf.constant(value) for value in others], pixels, training=False
        )
        return outputs

    signature = [tf.TensorSpec(model.inputs[0].shape, tf.float32)]
    return _openvino().convert_model(tf.function(forward, input_signature=signature).get_concrete_function())


def _quantised(network: Any, samples: np.ndarray) -> Any:
    """A network in int8, by NNCF's post-training quantisation: the ranges of weights and activations come from samples.

    Raises:
        RunFailed: NNCF is not installed.
    """
    os.environ.setdefault("NNCF_CI", "1")  # Disables telemetry.
    try:
        import nncf  # type: ignore[import-not-found, unused-ignore]
    except ModuleNotFoundError as error:
        if error.name != "nncf":
            raise
        raise RunFailed(
            "int8 needs the package nncf: pip install nncf. Or set train.prefix_precision to f32."
        ) from None
    nncf.set_log_level(logging.ERROR)
    batches = [samples[first : first + 1].astype(np.float32) for first in range(len(samples))]
    with redirect_stdout(io.StringIO()):  # Its progress bars.
        return nncf.quantize(network, nncf.Dataset(batches), subset_size=len(batches))


def _in_turn(requests: Sequence[Any], batches: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Results in the order of the batches; requests are used in turn, each after waiting for its previous result.

    Without callbacks (which `openvino.AsyncInferQueue` uses): deleting a network while a callback is pending deadlocks, because it waits
    for its threads with Python's lock held, and they wait for the lock.
    """
    started = 0
    for batch in batches:
        request = requests[started % len(requests)]
        if started >= len(requests):
            yield _result(request)
        request.start_async({0: np.ascontiguousarray(batch, dtype=np.float32)})
        started += 1
    for number in range(max(0, started - len(requests)), started):
        yield _result(requests[number % len(requests)])


def _result(request: Any) -> np.ndarray:
    request.wait()
    return np.array(request.get_output_tensor(0).data)
