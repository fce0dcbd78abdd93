"""Fine-tuning jobs on the wire: what is asked, what is told, and what happens to a job from first to last."""
