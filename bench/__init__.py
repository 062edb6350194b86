"""Benchmarks, run by hand: `python -m bench.run_all`. What they found is in RESULTS.md."""
