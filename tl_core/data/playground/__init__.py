"""The playground: generated images of toys, for studying overfitting with an option for every cause of it.

    from tl_core.data.playground import PlaygroundOptions, load, render
    render("duck", 7, difficulty=0.5).show()
    dataset = load(PlaygroundOptions(classes=6, images_per_class=120), "playground")

Toys are solids given by distance functions (`toys`), traced and lit like clay (`geometry`, `picture`) after random choices
scaled by the difficulty (`recipe`). NumPy and Pillow only, no files.
"""

from tl_core.data.playground.recipe import KINDS
from tl_core.data.playground.source import NATIVE_SIZE, RENDERER_VERSION, PlaygroundOptions, load, render

__all__ = ["KINDS", "NATIVE_SIZE", "RENDERER_VERSION", "PlaygroundOptions", "load", "render"]
