"""A file -> its rows: encodings, delimited text, workbooks, JSON, YAML, archives; read in a process with limits."""
