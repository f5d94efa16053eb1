"""Backward rules that are wrong, each a right one spoiled; the slug names the kind of mistake."""
