"""Figures beside their references, measured in the same run: `make bench`."""
