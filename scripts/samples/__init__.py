"""The sources of the sample datasets: hand-written parts, and what composes them."""
