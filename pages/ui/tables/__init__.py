"""The table in which several pages list runs."""
