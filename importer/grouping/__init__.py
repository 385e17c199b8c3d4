"""Rows → groups → requests: the fewest requests that deliver every note.

Comes in: :class:`~importer.models.Rows`. Goes out: a :class:`~importer.models.Plan`; per group its requests; and which
requests have to go one after the other.

    plan        groups of identical notes, and the requests that they become
    conflicts   conflict keys: deliveries that reading back could not tell apart
"""

from importer.grouping.plan import near_identical, plan, remaining, requests, several_drafts

__all__ = ["near_identical", "plan", "remaining", "requests", "several_drafts"]
