"""The form of the Train page: rows of settings as widgets, a draft of an experiment, its plan, and what starts it."""
