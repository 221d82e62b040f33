"""What a trained network is worth, and how it is kept and used."""
