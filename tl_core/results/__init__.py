"""What a head bank, a depth probe, a learning-rate range test and a cache audit found, as plain data."""
