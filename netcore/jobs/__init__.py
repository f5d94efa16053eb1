"""Whole jobs, run as `python -m netcore`: they load data, train, audit themselves and report."""
