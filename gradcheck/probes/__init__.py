"""Numerical derivatives with error bars: one file a method."""
