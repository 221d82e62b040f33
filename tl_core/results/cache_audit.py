"""What a comparison of stored features with newly computed ones found."""

from __future__ import annotations

from dataclasses import dataclass

EXACT = 1e-4
"""The largest difference, as a share of the feature scale, that is only rounding: OpenVINO and Keras sum in another order."""

FLOAT16 = 1e-3
"""The same for what is stored as float16: eleven bits of each feature."""

CHEAPER = {"bf16": 0.02, "int8": 0.05}
"""What an image's features may differ on average, as a share of the feature scale. Measured: docs/caches.md."""


@dataclass(frozen=True)
class Verified:
    """Stored features beside those that Keras computes in float32, without any cache.

    Attributes:
        cut: The block they were taken behind; "features" where they are pooled.
        images, of: How many were compared, and how many are stored.
        precision, storage: As `train.prefix_precision` and `train.feature_storage`.
        largest, mean: Of the absolute differences.
        worst: The mean absolute difference of the image where it is largest.
        scale: The largest absolute value that Keras computed.
    """

    cut: str
    images: int
    of: int
    precision: str
    storage: str
    largest: float
    mean: float
    worst: float
    scale: float

    @property
    def relative(self) -> float:
        """The largest difference as a share of the scale."""
        return self.largest / (self.scale or 1.0)

    @property
    def agrees(self) -> bool:
        """True if no more differs than what the settings allow."""
        if self.precision != "f32":
            return self.worst <= CHEAPER[self.precision] * (self.scale or 1.0)
        return self.relative <= (EXACT if self.storage == "float32" else FLOAT16)

    @property
    def verdict(self) -> str:
        if not self.agrees:
            return "not the same: remove the feature cache (Settings page), and train again the runs that used it"
        if self.precision != "f32":
            return f"differs as {self.precision} does"
        return "the same up to rounding" if self.storage == "float32" else "the same up to the rounding of float16"
