"""Benchmarks: each `bench_*.py` has `figures()`, a dict of names and numbers; `python -m tests.bench` runs them all."""
