"""The rules, each a small class: what is wrong with a dataset, why it matters, and the fix that can be accepted."""
