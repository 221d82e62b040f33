"""What the lab costs and how quickly it answers, measured; a module an area, each a command."""
