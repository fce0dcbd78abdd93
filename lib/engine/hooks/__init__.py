"""Webhooks: who is told that a job or a batch has ended."""
