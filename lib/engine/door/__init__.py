"""The door: keys, projects, what a project holds, and what is refused before any route runs."""
