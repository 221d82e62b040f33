"""Inputs of the tail: augmented images or features."""
