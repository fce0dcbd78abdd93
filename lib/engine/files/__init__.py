"""Files: what is uploaded, whole or in parts, and checked before anybody trains on it."""
