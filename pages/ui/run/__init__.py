"""The page of one run: its header, its controls and its tabs."""
