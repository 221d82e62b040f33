"""Many heads on the same stored features, trained in stacks; `tl_core.results.head_bank` says which."""
