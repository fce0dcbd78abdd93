"""The inference worker: one process that holds models and writes text. See `__main__` for how it is started."""
