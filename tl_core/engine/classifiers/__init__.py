"""Classifiers that are solved at once on frozen features: a module a row of `tl_core.experiment.solved.SOLVED`."""
