"""The parts of the Data page: where a file comes from, how it is read, what its columns are, what is made of it."""
