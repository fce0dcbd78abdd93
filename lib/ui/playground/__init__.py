"""Parts of the Playground."""
