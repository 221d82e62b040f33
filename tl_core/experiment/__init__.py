"""Experiments: settings, presets, phases, schedules, early stopping."""
