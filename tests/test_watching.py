"""A line every ten seconds says how far it is where no person sits; and what asks the program to end is heard."""

import re
import signal
import time

import pytest

from importer.cli.watching import EndedAtOnce, RunWatch, Stopper
from importer.messages import render, words
from importer.models import Progress, Result
from importer.telling.rendering import progressed, rate


def test_a_line_comes_every_ten_seconds_with_the_time(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    said = []
    with RunWatch() as watch:
        watch.begin(100)
        for tenth in range(350):
            now = 1000.0 + tenth / 10
            watch.observe(Progress(100, 50, words("gone") if tenth > 200 else None, {Result.CREATED: 50}))
            if line := capsys.readouterr().err:
                assert re.match(r"\d\d:\d\d:\d\d  50 of 100 notes: created 50", line)
                assert ("gone" in line) is (tenth > 200)
                said.append(tenth)
    assert said == [100, 200, 300]


@pytest.mark.parametrize(
    ("progress", "said"),
    [
        (Progress(9, 0), "0 of 240 notes: "),
        (
            Progress(9, 7, ended={Result.CREATED: 6, Result.REJECTED: 1}, seconds_left=200.4),
            "7 of 240 notes: created 6, rejected 1; about 3:20 left",
        ),
        (
            Progress(9, 6, ended={Result.CREATED: 6}, seconds_left=7500.0, held_to=(5, 1.0)),
            "6 of 240 notes: created 6; at your account's limit, 5 calls per second; about 2:05:00 left",
        ),
        (
            Progress(9, 6, words("trying again in 9 s: it is gone"), {Result.CREATED: 6}, None, (5, 1.0), 860.0),
            "6 of 240 notes: created 6; trying again in 9 s: it is gone; the run stops in 14:20",
        ),
    ],
    ids=["nothing yet", "results and time left", "held", "trouble"],
)
def test_progress_says_what_ended_how_what_holds_it_up_and_how_long_it_takes(progress: Progress, said: str) -> None:
    assert render(progressed(progress, 240)) == said


def test_a_rate_is_said_as_people_say_it() -> None:
    said = "1 call per second, 100 calls per minute, 30 calls in 10 seconds, 20 calls in 0.5 seconds"
    assert ", ".join(render(rate(*one)) for one in ((1, 1.004), (100, 60.2), (30, 10.3), (20, 0.5))) == said


def test_a_signal_is_said_by_who_asks_for_the_end_and_not_by_its_handler(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A handler may interrupt a print, and printing within that breaks either; it only takes note."""
    monkeypatch.setattr(Stopper, "_AT_ONCE", 0.05)
    monkeypatch.setattr(Stopper, "_LATEST", 0.05)
    with Stopper() as stopper:
        stopper.arm()
        signal.raise_signal(signal.SIGINT)
        assert capsys.readouterr().err == ""
        assert render(stopper.why()) == "You asked it to end (Ctrl-C). Run the same command again to continue."
        assert capsys.readouterr().err == "\nFinishing the current requests, then writing the results …\n"
        time.sleep(0.2)  # a person has the time, until they press again
        assert stopper.why() is not None
        assert capsys.readouterr().err == ""
        with pytest.raises(EndedAtOnce):
            signal.raise_signal(signal.SIGINT)


def test_what_takes_longer_than_the_system_waits_is_ended_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Writing the results of a large file, say; the system would kill the program."""
    monkeypatch.setattr(Stopper, "_AT_ONCE", 0.5)
    deadline = time.monotonic() + 60
    with Stopper() as stopper:
        stopper.arm()
        for _ in range(2):  # as a terminal that closes sends SIGHUP, which Windows hasn't
            signal.raise_signal(signal.SIGTERM)
        with pytest.raises(EndedAtOnce):
            while time.monotonic() < deadline:
                time.sleep(0.01)
        assert "SIGTERM" in render(stopper.why())
