"""The version of the program, which is also sent to the API. The package and a release take it from here."""

__version__ = "0.3.0"
