"""What a person sets up, and what it means: settings, phases, schedules, stopping, presets."""
