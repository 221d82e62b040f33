"""Networks: built, given weights and a head, cut into what is frozen and what trains."""
