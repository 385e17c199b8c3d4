"""The version of the program, which the API is told too."""

__version__ = "0.1.0"
