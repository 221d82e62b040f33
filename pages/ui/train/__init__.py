"""The Train page: a form of settings, a draft of an experiment, its plan, and the buttons that start it."""
