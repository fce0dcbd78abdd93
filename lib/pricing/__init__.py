"""Token counts, dollars and minutes. Pure: reads data files, knows no network, no database and no screen."""
