"""TL Lab's library: what makes a transfer-learned image classifier generalise.

The light half (everything but `engine`) imports in a moment and knows settings, data and runs; the heavy half (`engine`)
holds everything that needs Keras. `python -m tl_core --help` is the way in from a terminal.
"""

__version__ = "0.1.0"
