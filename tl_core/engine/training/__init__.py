"""Training a run: phases, epochs, checkpoints, lifecycle."""
