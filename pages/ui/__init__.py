"""What the pages share: the frame around them, and the data behind what they show."""
