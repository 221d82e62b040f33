"""How to use an exported network outside the lab: what it does with an image before it, stated in words and in code that a test runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tl_core.data.grey import DEFAULT, GreyRange, rule

PREPARATION: Mapping[str, str] = {
    "size": "resized to a square of image_size, whatever its shape: nothing is cropped or padded",
    "interpolation": "bilinear with antialiasing: Pillow's BILINEAR with reducing_gap=3.0",
    "exif": "the EXIF orientation is applied first",
    "transparency": "composited on white",
    "colours": "RGB, 0 to 255; the network scales them itself",
}
"""What `data.decode` does with an image, to do it elsewhere."""

EXAMPLE = """\
import keras, numpy as np
from PIL import Image, ImageOps

model = keras.saving.load_model("model.keras", safe_mode=True)
image = ImageOps.exif_transpose(Image.open("photo.jpg")).convert("RGBA")
image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
pixels = np.asarray(image.resize(model.input_shape[1:3], Image.Resampling.BILINEAR, reducing_gap=3.0), np.float32)
scores = model.predict(pixels[None])[0]
"""

_OUTPUTS = {
    "softmax": "the probability of each class, in this order",
    "sigmoid": "one number, the probability of the second class",
    "margins": "a score of each class, in this order; scores rank the classes and are not probabilities",
}


def model_card(
    classes: tuple[str, ...],
    image_size: int,
    output: str,
    details: Mapping[str, Any],
    grey_range: GreyRange = DEFAULT,
) -> str:
    """The text beside an exported network; the arguments are fields of its `Signature`."""
    names = "\n".join(f"{number}. `{name}`" for number, name in enumerate(classes))
    prepared = "\n".join(f"- {key}: {text}" for key, text in (*PREPARATION.items(), ("16-bit grey", rule(grey_range))))
    origin = "\n".join(f"- {key}: {details[key]}" for key in ("backbone", "run", "epoch") if key in details)
    return f"""# An image classifier

`model.keras` is read by Keras alone. Input: float32, shape (images, {image_size}, {image_size}, 3). Output: {_OUTPUTS[output]}.

## Images

The network was trained and tested with images prepared in this way. Others give other answers: Keras's `load_img` with its default
interpolation, or TensorFlow's resizing without antialiasing, change the most likely class of many photos.

{prepared}

For images with 8 bits per channel that is (Pillow's conversion would clip 16-bit grey to white):

```python
{EXAMPLE}```

## Classes

{names}

## Origin

{origin}
"""
