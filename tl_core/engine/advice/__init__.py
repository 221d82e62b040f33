"""Measures what advice rests on: likeness to ImageNet, heads without training, transferability of backbones."""
