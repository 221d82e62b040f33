"""The rows of the table of backbones, a module per family of networks."""
