"""Answers on the wire: what is asked of a model, the worker that writes, and the shapes it goes out in."""
