"""Features averaged over each image and its mirror image: test-time augmentation by horizontal flip, in training too.

Sharing layers between two passes would give them two outputs each. So the images and their mirror images pass through the network as one batch,
in which every layer is used once: doubled right after the pixels, averaged before the head.
"""

from __future__ import annotations

from tl_core.engine.backend import keras


def with_mirror_images(images: keras.KerasTensor) -> keras.KerasTensor:
    """Each image followed by its mirror image: shape (batch, height, width, channels) to (2 * batch, height, width, channels)."""
    both = keras.ops.stack([images, keras.ops.flip(images, axis=2)], axis=1)
    return keras.ops.reshape(both, (-1, *images.shape[1:]))


def averaged(features: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """The mean over each image and its mirror image: shape (2 * batch, channels) to (batch, channels).

    Args:
        name: Of the layer.
    """
    # Not by reshaping: operations have no names of their own, and a network's layers may be called "reshape" already.
    return keras.layers.Average(name=name)([features[0::2, :], features[1::2, :]])
