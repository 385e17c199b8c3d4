"""The version of the program, which is also sent to the API."""

__version__ = "0.1.0"
