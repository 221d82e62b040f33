"""A run: phases, epochs, checkpoints, and its life from start to end."""
