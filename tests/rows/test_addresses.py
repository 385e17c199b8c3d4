"""Emails in cells as people have them are recognised; what could be two, or is among other words, is none."""

import pytest

from importer.messages import render
from importer.rows.values import Wrong, ids_in, read_emails

JO = (
    "jo@example.com", "\u00a0jo@example.com\u200b", "  Jo@Example.COM ", "mailto:jo@example.com",
    "MAILTO: jo@example.com", "mailto:jo@example.com?subject=Hello", "Jo Berg <jo@example.com>",
    '"Berg, Jo (Sales)" <Jo@Example.com>', "<jo@example.com>", "Jo Berg <mailto:jo@example.com>",
    "jo@example.com <jo@example.com>", "jo@example.com;", "Jo Berg (jo@example.com)",
    "Berg, Jo (mailto:Jo@Example.com?subject=Hello)", "jo@example.com, JO@example.com",
    "jo@example.com; Jo Berg <jo@example.com>", "jo@example.com;jo@example.com",
)  # fmt: skip


@pytest.mark.parametrize("cell", JO)
def test_a_cell_is_one_email(cell: str) -> None:
    assert read_emails(cell) == ("jo@example.com",)


@pytest.mark.parametrize(
    "email", ["jo+plan@mail.example.co.uk", "o'neill_1@example.com", "jürgen@müller.example", "straße@example.com"]
)
def test_an_email_stays_what_it_is(email: str) -> None:
    assert read_emails(email) == (email,)
    assert read_emails("") == read_emails("  \u00a0") == ()


@pytest.mark.parametrize(
    ("cell", "people"),
    [
        ("jo@example.com; kim@example.com", "jo kim"),
        ("Kim@Example.com,jo@example.com、Al，Bo <al@example.com>；", "kim jo al"),
        ("jo@example.com\nkim@example.com\r\n", "jo kim"),
        ("jo@example.com|kim@example.com | jo@example.com;;", "jo kim"),
        ("Jo (jo@example.com), Kim (kim@example.com)", "jo kim"),
        ("Jo Berg (jo@example.com); kim@example.com", "jo kim"),
        ('"Berg, Jo" <jo@example.com>; kim@example.com', "jo kim"),
        ('"Berg; Jo | Sales" <jo@example.com>, "Ito, Kim" <kim@example.com>', "jo kim"),
        ("Berg, Jo <jo@example.com>; Ito, Kim, Dr. <kim@example.com>", "jo kim"),
        ("Berg, Jo <jo@example.com>, Ito, Kim <kim@example.com>", "jo kim"),
        ("jo@example.com, Ito, Kim (kim@example.com)", "jo kim"),
        ("Jo (Sales, EMEA) <jo@example.com>, kim@example.com", "jo kim"),
        ('Jo "the boss <jo@example.com>; kim@example.com', "jo kim"),
        ("mailto:jo@example.com; mailto:kim@example.com?subject=Hello", "jo kim"),
        ("jo@example.com; 8PvBmrB7P7", "jo 8PvBmrB7P7"),
        ("8PvBmrB7P7|Kim <kim@example.com>", "8PvBmrB7P7 kim"),
        ("jo@example.com, 8PvBmrB7P7, Kim <kim@example.com>", "jo 8PvBmrB7P7 kim"),
    ],
)
def test_a_cell_names_several_people_each_once(cell: str, people: str) -> None:
    expected = tuple(name if name[0].isdigit() else f"{name}@example.com" for name in people.split())
    assert read_emails(cell) == expected


@pytest.mark.parametrize(
    ("cell", "part"),
    [("Jo (jo@example.com); Kim Ito", "Kim Ito"), ("jo@example.com, kim@example", "kim@example"),
     ("jo@example.com; Kim; ali@example.com", "Kim"), ("Kim; jo@example.com", "Kim"),
     ("Kim Ito; Jo Berg <jo@example.com>", "Kim Ito"),
     ("jo@example.com kim@example.com; ali@example.com", "jo@example.com kim@example.com")],
)  # fmt: skip
def test_of_several_people_none_is_left_out_because_only_one_is_named_badly(cell: str, part: str) -> None:
    found = read_emails(cell)
    assert isinstance(found, Wrong)
    assert found.part == part
    assert f"{part!r} is neither an email address nor a prospect ID" in render(found.reason)


@pytest.mark.parametrize(
    ("cell", "ids"),
    [("8PvBmrB7P7; jzRkmgMdwA", ("8PvBmrB7P7", "jzRkmgMdwA")),
     ("8PvBmrB7P7,jzRkmgMdwA|8PvBmrB7P7\nabcdefgh12", ("8PvBmrB7P7", "jzRkmgMdwA", "abcdefgh12")),
     ("8PvBmrB7P7;8PvBmrB7P7;", ("8PvBmrB7P7",)), ("8PvBmrB7P7;", ("8PvBmrB7P7",)), ("8PvBmrB7P7", ()),
     ("8PvBmrB7P7 jzRkmgMdwA", ()), ("Christina, Alexandra", ()), ("8PvBmrB7P7, Jo", ()), ("12345678; 23456789", ()),
     ("", ())],
)  # fmt: skip
def test_a_cell_names_several_ids_only_if_they_look_like_ids(cell: str, ids: tuple[str, ...]) -> None:
    assert ids_in(cell) == ids


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("jo@example.com (kim@example.com)", "contains 2 email addresses"),
        ("jo@example.com kim@example.com", "contains 2 email addresses"),
        ("a@b.de/c@d.de", "contains 2 email addresses"),
        ("#N/A", "shows the error #N/A"),
        *((cell, "") for cell in (
            "jo", "jo@", "@example.com", "jo@example", "jo@@example.com", "jo@example..com", "jo@.example.com",
            "jo @ example.com", "jo@example.com (old)", "was jo@example.com", "Jo Berg", "jo@example.com.", "none", "-",
            "jo@exa\ud800mple.com", f"{'a' * 320}@example.com", "Jo <>", "Jo ()",
            "Jo (jo@example.com) left", "Jo (was jo@example.com)",
            "https://example.com/jo@example.com", "8PvBmrB7P7", "8PvBmrB7P7; jzRkmgMdwA",
        )),
    ],
)  # fmt: skip
def test_what_is_no_email_is_not_guessed(cell: str, said: str) -> None:
    found = read_emails(cell)
    assert isinstance(found, Wrong)
    assert said in render(found.reason)
