"""The data workbench: what a whole file holds, checked, counted and priced, however large it is.

Joins lib.datasets (what the examples are) with lib.pricing (what they cost). Knows no screen.
"""
