"""Arrays that are computed once and kept: how, where, and which go when room is short."""
