"""The Compare page: curves over each other, best values, and the settings that differ."""
