"""The page of one run: its head, what can be done with it, and everything its folder tells."""
