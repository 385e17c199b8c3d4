"""Emails in cells as people have them are recognised; what could be two, or is among other words, is none."""

from __future__ import annotations

import pytest

from importer.messages import render
from importer.rows.values import Wrong, read_email


@pytest.mark.parametrize(
    ("cell", "email"),
    [
        ("jo@example.com", "jo@example.com"),
        ("  Jo.Berg@Example.COM ", "jo.berg@example.com"),
        ("\u00a0jo@example.com\u200b", "jo@example.com"),
        ("mailto:jo@example.com", "jo@example.com"),
        ("MAILTO: jo@example.com", "jo@example.com"),
        ("mailto:jo@example.com?subject=Hello", "jo@example.com"),
        ("Jo Berg <jo@example.com>", "jo@example.com"),
        ('"Berg, Jo (Sales)" <Jo@Example.com>', "jo@example.com"),
        ("<jo@example.com>", "jo@example.com"),
        ("Jo Berg <mailto:jo@example.com>", "jo@example.com"),
        ("jo@example.com <jo@example.com>", "jo@example.com"),
        ("jo@example.com;", "jo@example.com"),
        ("Jo Berg (jo@example.com)", "jo@example.com"),
        ("Berg, Jo (mailto:Jo@Example.com?subject=Hello)", "jo@example.com"),
        ("jo@example.com, JO@example.com", None),
        ("jo+plan@mail.example.co.uk", "jo+plan@mail.example.co.uk"),
        ("o'neill_1@example.com", "o'neill_1@example.com"),
        ("jürgen@müller.example", "jürgen@müller.example"),
        ("straße@example.com", "straße@example.com"),
        ("", ""),
        ("  \u00a0", ""),
    ],
)
def test_a_cell_is_one_email(cell: str, email: str | None) -> None:
    found = read_email(cell)
    assert found == email if email is not None else isinstance(found, Wrong)


@pytest.mark.parametrize(
    "cell",
    [
        "Jo (jo@example.com), Kim (kim@example.com)",
        "jo@example.com (kim@example.com)",
        "jo@example.com; kim@example.com",
        "jo@example.com\nkim@example.com",
        "a@b.de/c@d.de",
    ],
)
def test_two_emails_are_a_problem(cell: str) -> None:
    found = read_email(cell)
    assert isinstance(found, Wrong)
    assert "contains 2 email addresses" in render(found.reason)


@pytest.mark.parametrize(
    "cell",
    [
        "jo", "jo@", "@example.com", "jo@example", "jo@@example.com", "jo@example..com", "jo@.example.com",
        "jo @ example.com", "jo@example.com (old)", "was jo@example.com", "Jo Berg", "jo@example.com.", "none", "-",
        "jo@exa\ud800mple.com", f"{'a' * 320}@example.com", "Jo <>", "Jo ()",
        "Jo (jo@example.com) left", "Jo (was jo@example.com)",
        "https://example.com/jo@example.com",
    ],
)  # fmt: skip
def test_what_is_no_email_is_not_guessed(cell: str) -> None:
    assert isinstance(read_email(cell), Wrong)


def test_a_formulas_error_is_told_as_such() -> None:
    found = read_email("#N/A")
    assert isinstance(found, Wrong)
    assert "shows the error #N/A" in render(found.reason)
