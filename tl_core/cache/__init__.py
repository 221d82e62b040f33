"""Cached arrays: writing, keys, eviction."""
