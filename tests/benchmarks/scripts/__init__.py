"""The scripts that the importer is measured against. Each is run as ``python -m … FILE URL RESULTS``."""
