"""The playground: generated pictures of toys, for studying overfitting with every cause of it on a knob.

    from tl_core.data.playground import PlaygroundOptions, load, render
    render("duck", 7, difficulty=0.5).show()
    dataset = load(PlaygroundOptions(classes=6, images_per_class=120), "playground")

Toys are solids given by distance functions (`toys`), traced and lit like clay (`tracer`, `picture`) after random choices
that a difficulty scales (`recipe`). NumPy and Pillow only, no files.
"""

from tl_core.data.playground.recipe import KINDS
from tl_core.data.playground.source import NATIVE_SIZE, RENDERER_VERSION, PlaygroundOptions, load, render

__all__ = ["KINDS", "NATIVE_SIZE", "RENDERER_VERSION", "PlaygroundOptions", "load", "render"]
