"""Launch exactly once, track, cancel, and the record of it all.

A page writes an intent (`launch`, `request_cancel`, `request`) and reads records. The worker alone talks to backends.
"""
