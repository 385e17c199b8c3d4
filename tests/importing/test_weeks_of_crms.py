"""Four weekly exports of four CRMs, and one whose dates shift: a note of each thing said, or a question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from importer.errors import Guarded
from importer.models import Role
from importer.settings.reading import Reading
from tests.importing.test_identity import ADA, BEN, DAY, Desk
from tests.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("jumping")

CRMS = {
    "HubSpot": ("Record ID", "Activity date", "Call notes", "51234567{:02}"),
    "Salesforce": ("Activity ID", "Date", "Comments", "00T5f00000AbC{:02}"),
    "Pipedrive": ("ID", "Due date", "Note", "{}"),  # short numbers, which are no IDs
    "Zoho": ("Record Id", "Created Time", "Note Content", "zcrm_48768760000{:02}"),
}
Said = tuple[str, int, str]  # prospect, day, text
FIRST: dict[int, Said] = {1: (ADA, 1, "Left voicemail"), 2: (BEN, 2, "Called"), 3: (ADA, 3, "Sent the offer")}
LATER: Sequence[dict[int, Said | None]] = (  # None: deleted, or merged into another
    {2: (BEN, 2, "Called, edited"), 3: None, 4: (ADA, 8, "Left voicemail")},
    {1: None, 5: (BEN, 15, "Called back"), 6: (ADA, 15, "Met")},
    {7: (ADA, 22, "Signed"), 8: (BEN, 23, "Left voicemail")},
)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Sandbox() as box:
        yield Desk(box, tmp_path)


@pytest.mark.parametrize(
    ("crm", "ids", "is_whole"),
    [
        pytest.param(crm, ids, is_whole, marks=() if crm == "HubSpot" or (ids and is_whole) else pytest.mark.slow)
        for crm in CRMS
        for ids in (True, False)
        for is_whole in (True, False)
    ],
)
def test_each_thing_said_is_one_note(desk: Desk, crm: str, *, ids: bool, is_whole: bool) -> None:
    """Records are added, edited, deleted and merged; the template changes in week three; week four has no IDs.

    With IDs an edited record is the note that it was; without, each text of a prospect is one.
    """
    name, day, text, number = CRMS[crm]
    templates = [f"[{{{day}}}, ]{{{text}}}", f"[{{{day}}}: ]{{{text}}}"]

    def export(said: dict[int, Said], week: int, shift: int = 0) -> dict[str, int]:
        headings = ["Prospect ID", day, text, "Visibility", name][: 4 if week == 3 else 5]
        map_ = {Role.RECORD: (name if ids and week != 3 else "",), Role.CONTENT: (templates[week > 1],)}
        earlier = ((templates[0], ""),) if week > 1 else ()
        reading = Reading("Calls", tuple(headings), DAY, {"map": map_}, earlier=earlier)
        rows = [
            [who, f"2026-11-{on + shift:02}", what, "Private", number.format(record)][: len(headings)]
            for record, (who, on, what) in said.items()
        ]
        return desk.run(*rows, headings=headings, readings=(reading,), ids=None).counts

    records = {**FIRST}
    assert export(records, 0) == {"created": 3}
    for week, changed in enumerate(LATER, 1):
        new = sum(one is not None and record not in records for record, one in changed.items())
        edited = int(week == 1 and (not ids or crm == "Pipedrive"))
        records = {record: one for record, one in {**records, **changed}.items() if one is not None}
        these = records if is_whole else {record: records[record] for record in changed if record in records}
        counts = export(these, week)
        known = len(these) - new - edited
        assert counts == {"created": new + edited, **({"already imported": known} if known else {})}
    assert len(desk.box.notes) == (9 if not ids or crm == "Pipedrive" else 8)
    if is_whole:  # after two quiet weeks its dates shift by a day
        for new in (9, 10):
            records[new] = (ADA, 23, f"Call {new}")
            assert export(records, 2)["created"] == 1
        if ids and crm != "Pipedrive":
            assert export(records, 2, shift=1) == {"already imported": len(records)}
        else:
            with pytest.raises(Guarded, match="a history may be sent again"):
                export(records, 2, shift=1)
