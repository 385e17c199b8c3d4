"""How fast the importer is, beside the scripts that one would write instead: ``make bench``."""
