"""Trains many heads on the same cached features, in stacks; `tl_core.results.head_bank` defines which."""
