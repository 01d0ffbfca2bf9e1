"""Benchmarks of what the models say, on worlds whose truth is known."""
