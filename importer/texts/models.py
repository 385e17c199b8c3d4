"""Texts of the kinds that ``importer/models.py`` says."""

TEXTS: dict[str, str | tuple[str, str]] = {
    "question.way": "{way}  {means}",
}
