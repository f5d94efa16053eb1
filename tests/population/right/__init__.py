"""Backward rules that are right, one file a family: each lists its RULES."""
