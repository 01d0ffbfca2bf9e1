"""Benchmarks, run by `make bench`: each against a named baseline measured in the same run. No test times anything."""
