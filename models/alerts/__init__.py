"""Telling a team of new and grown leaks without crying wolf over the months."""
