"""Group rows by note into the fewest requests that deliver every note.

Input: :class:`~importer.models.Rows`. Output: a :class:`~importer.models.Plan`, the requests of each group, and the
requests that must go one after the other.

    plan        groups of identical notes, and their requests
    conflicts   conflict keys: deliveries that reading back could not tell apart
"""

from importer.grouping.plan import near_identical, plan, remaining, requests, several_drafts

__all__ = ["near_identical", "plan", "remaining", "requests", "several_drafts"]
