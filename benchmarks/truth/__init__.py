"""What the lab says about runs, scored against known truth: `python -m benchmarks.truth` (make truth).

One module a part, named in `PARTS` of `__main__`; each has `measure(quick: bool)`, which gives its scores as they are known. What makes the
truth shares neither code nor constants with what is scored.
"""
