"""What reaches the part that trains: images augmented, or what the frozen part says of them."""
