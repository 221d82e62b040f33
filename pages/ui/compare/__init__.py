"""Comparing runs: their curves over each other, what came out, and in which settings they differ."""
