"""Notes are shown before they are sent, as they will read: three of each visibility."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from importer.importing.preview import Example
from importer.importing.run import prepare
from importer.markup import ContentKind
from importer.messages import words
from importer.models import Visibility
from importer.settings import Settings
from tests.rendered import rendered
from tests.truth import write_csv


def shown(tmp_path: Path, settings: Settings, rows: Sequence[Sequence[str]]) -> dict[Visibility, Sequence[Example]]:
    write_csv(tmp_path / "n.csv", ("Prospect ID", "Note", "Visibility", "Status"), *rows)
    with prepare(tmp_path / "n.csv", settings) as prepared:
        found = prepared.preview.examples
    return dict(found)


def test_three_of_each_visibility_are_shown(settings: Settings, tmp_path: Path) -> None:
    """In the sheet's order, with their rows; private first; and of a long text the beginning."""
    rows = [(f"p{i}", "x" * (i + 1), "Public", "") for i in range(8)]
    rows += [("q1", "y" * 3_010, "Private", "Draft"), ("q2", "y" * 3_010, "Private", "Draft")]
    found = shown(tmp_path, settings, rows)
    assert [(visibility, rendered(examples)) for visibility, examples in found.items()] == [
        (
            Visibility.PRIVATE,
            [Example(words("row 10, for q1 and 1 more prospect (private, draft)"), "y" * 3_000 + "…")],
        ),
        (
            Visibility.PUBLIC,
            [Example(words(f"row {row}, for p{row - 2} (public)"), "x" * (row - 1)) for row in (2, 3, 4)],
        ),
    ]


def test_a_note_is_shown_as_its_readers_see_it(settings: Settings, tmp_path: Path) -> None:
    """HTML without its tags, with the breaks that it makes and the targets of links; text as it stands in the cell."""
    texts = {
        "<p>Met at the <b>fair</b></p><ul><li>R&amp;D</li><li>two\n lines</li></ul>": "Met at the fair\nR&D\ntwo lines",
        "R&D\n\n1 < 2": "R&D\n\n1 < 2",
        '<a href="http://x.example">See</a><a href="b.example">b.example</a>': "Seeb.example\nhttp://x.example",
        "<img src=x><b></b>": "x",
    }
    for text, reads in texts.items():
        assert shown(tmp_path, settings, [("p1", text, "Public", "")])[Visibility.PUBLIC][0].text == reads
    as_text = replace(settings, content=ContentKind.TEXT)
    assert shown(tmp_path, as_text, [("p1", "<b>x</b>", "Public", "")])[Visibility.PUBLIC][0].text == "<b>x</b>"
    as_html = replace(settings, content=ContentKind.HTML)
    assert shown(tmp_path, as_html, [("p1", "a\nb", "Public", "")])[Visibility.PUBLIC][0].text == "a b"
