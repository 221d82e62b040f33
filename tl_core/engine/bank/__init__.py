"""Many heads on the same stored features, trained in one compiled program; `tl_core.results.head_bank` says which."""
