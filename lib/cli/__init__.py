"""The workbench without a browser: `python -m lib.cli inspect|prepare|check|estimate`."""
