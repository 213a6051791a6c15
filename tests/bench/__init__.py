"""Benchmarks: `python -m tests.bench web [--json FILE]`; each figure with its aim and whether it is met."""
