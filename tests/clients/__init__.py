"""Other people's clients, run against our engine. `make clients` installs them and runs these tests."""
