"""Metric tables -> charts and plain-language findings. Pure: knows no network, no database and no screen."""
