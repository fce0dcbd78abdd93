"""Prompts -> streamed answers, with the recipe of the training applied again."""
