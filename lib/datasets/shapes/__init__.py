"""Rows -> examples: what each column is for, and the many shapes that conversations and answers come in."""
