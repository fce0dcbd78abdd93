"""Tuneboard's rooms. Each package says in its own docstring what it promises and whom it may call."""
