"""A job as one HTML file that needs nothing else: it opens offline, prints, and runs nothing that users wrote."""
