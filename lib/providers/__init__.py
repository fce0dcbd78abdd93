"""Connections to backends through the openai SDK. Quirks and normalising live here and nowhere else.

Everything a backend answers leaves this package as one of our own frozen dataclasses or one of our own errors.
"""
