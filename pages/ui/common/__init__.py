"""What several pages share: lists and views of runs, settings in words and as widgets, actions, dialogs."""
