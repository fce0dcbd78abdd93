"""The trainer: one process that turns a job folder into a model. See `__main__` for how it is started."""
