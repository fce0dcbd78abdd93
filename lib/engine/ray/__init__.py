"""Training on a Ray cluster: a trainer as any other for the queue, which hands its job to other machines."""
