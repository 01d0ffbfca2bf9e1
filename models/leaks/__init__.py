"""Leaks: segments whose sessions pass a step of the funnel less often than they should, found, dated and priced."""
