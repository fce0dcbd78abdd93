"""The queue: whose turn it is, on which device, whether there is memory, and the trainers themselves."""
