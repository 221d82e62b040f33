"""Datasets: where images come from, how they are read, split and decoded."""
