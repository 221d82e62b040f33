"""The pages of the dashboard, one thin file each; what they share is in `pages.ui`."""
