"""Building networks: backbone, weights, head, and the cut into frozen prefix and tail."""
