"""Learning curves: validation error against the number of training images, through the head bank."""
