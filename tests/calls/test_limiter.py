"""When the next call may go: outages, limits that are told in refusals, and what a person is told meanwhile."""

import math
import random

import pytest

from importer.api import Cause, Endpoint, Failure, Reply
from importer.calls.limiter import Limiter
from importer.messages import render, words
from importer.settings.kinds import Rate
from tests.calls.virtual import NOON, reply


class Driver:
    def __init__(self, workers: int = 8, give_up: float = 100.0) -> None:
        self.now = NOON
        learned = {Endpoint.CREATE: Rate(1000, 1.0)}  # so that the limit holds up nothing
        self.limiter = Limiter(workers, lambda: self.now, give_up, learned=learned, rng=random.Random(1))

    def begin(self, kind: Endpoint = Endpoint.CREATE) -> int:
        """Begin every call that may go now; how many those are."""
        count = 0
        while self.limiter.wait(kind) == 0:
            self.limiter.began(kind)
            count += 1
            assert count <= 100
        return count

    def reply(self, kind: Endpoint = Endpoint.CREATE, status: int = 201, took: float = 0.02, **headers: object) -> bool:
        told = {name.replace("_", "-"): str(value) for name, value in headers.items()}
        return self.limiter.came_back(reply(kind, self.now - took, self.now, status, told))

    def fail(
        self,
        wait: float | None = None,
        cause: Cause = Cause.UNREACHABLE,
        text: str = "connection refused",
        *,
        at_work: bool = False,
        is_other: bool = False,
        kind: Endpoint = Endpoint.CREATE,
    ) -> bool:
        failure = Failure(cause, words(text), wait, at_work=at_work, is_other=is_other)
        return self.limiter.came_back(Reply(kind, self.now, self.now, failure=failure))


def test_an_outage_pauses_everyone_then_one_tries_and_all_return_with_its_success() -> None:
    driver = Driver()
    assert driver.begin() == 2
    driver.reply()
    driver.reply()
    assert driver.begin() == 8
    assert not any(driver.fail() for _ in range(8))
    assert 0 < driver.limiter.wait(Endpoint.CREATE) < 3
    driver.now += 3
    assert driver.begin() == 1
    assert not driver.fail()
    driver.now += 10
    for expected in (1, 2, 4):
        assert driver.begin() == expected
        for _ in range(expected):
            driver.reply()
    assert driver.begin() == 8


@pytest.mark.parametrize("has_succeeded", [False, True])
@pytest.mark.parametrize(
    ("cause", "is_other"),
    [(Cause.INTERMEDIARY, False), (Cause.REDIRECTED, False), (Cause.UNREADABLE, True), (Cause.UNREACHABLE, True)],
)
def test_what_never_was_the_api_is_given_up_after_a_minute(cause: Cause, is_other: bool, has_succeeded: bool) -> None:
    """A parking page, another server, no https where https was asked for; after a success it is waited for."""
    driver = Driver(give_up=900.0)
    if has_succeeded:
        driver.limiter.began(Endpoint.CREATE)
        driver.reply()
    began = driver.now
    while True:
        driver.now += driver.limiter.wait(Endpoint.CREATE)
        driver.limiter.began(Endpoint.CREATE)
        if driver.fail(cause=cause, is_other=is_other):
            break
    assert driver.now - began == pytest.approx(900 if has_succeeded else 60, abs=1.0)


@pytest.mark.parametrize("way_is_lost", [False, True])
def test_reading_that_is_turned_away_is_an_outage_only_where_sending_is(way_is_lost: bool) -> None:
    driver = Driver()
    driver.limiter.began(Endpoint.CREATE)
    driver.reply()
    if way_is_lost:
        driver.limiter.began(Endpoint.CREATE)
        driver.fail(cause=Cause.INTERMEDIARY)
    for _ in range(5):
        driver.now += driver.limiter.wait(Endpoint.READ)
        driver.limiter.began(Endpoint.READ)
        driver.fail(cause=Cause.INTERMEDIARY, kind=Endpoint.READ)
    assert (driver.limiter.is_outage, driver.limiter.is_way_lost) == (way_is_lost, way_is_lost)
    driver.limiter.began(Endpoint.READ)
    driver.reply(Endpoint.READ, 200)
    assert not driver.limiter.is_way_lost


def test_trouble_is_told_until_the_next_success() -> None:
    driver = Driver(give_up=1000.0)
    assert driver.limiter.trouble(Endpoint.CREATE) is None
    for _ in range(6):
        driver.now += driver.limiter.wait(Endpoint.CREATE)
        driver.limiter.began(Endpoint.CREATE)
        driver.fail()
    told = render(driver.limiter.trouble(Endpoint.CREATE))
    assert told == f"trying again in {math.ceil(driver.limiter.wait(Endpoint.CREATE))} s: connection refused"
    assert render(driver.limiter.trouble(None)) == told
    driver.now += driver.limiter.wait(Endpoint.CREATE)
    driver.limiter.began(Endpoint.CREATE)
    assert render(driver.limiter.trouble(Endpoint.CREATE)) == "trying again: connection refused"
    driver.reply()
    assert driver.limiter.trouble(Endpoint.CREATE) is None


def test_a_wait_for_the_limit_is_told_when_it_is_long_and_a_call_waits_for_it() -> None:
    driver = Driver()
    driver.limiter.began(Endpoint.CREATE)
    driver.reply(status=429, retry_after=42)
    assert render(driver.limiter.trouble(Endpoint.CREATE)) == "waiting 42 s because of the account's limit"
    assert driver.limiter.trouble(None) is None
    driver.now += 38.0
    assert driver.limiter.trouble(Endpoint.CREATE) is None


def test_an_api_that_is_back_is_noticed_soon_however_long_it_was_away() -> None:
    driver = Driver(give_up=1000.0)
    while driver.now < NOON + 600:
        driver.now += driver.limiter.wait(Endpoint.CREATE)
        driver.limiter.began(Endpoint.CREATE)
        assert not driver.fail()
    assert driver.limiter.wait(Endpoint.CREATE) <= 15.0
    driver.now += 15.0
    driver.limiter.began(Endpoint.CREATE)
    assert not driver.fail(wait=120.0)
    assert driver.limiter.wait(Endpoint.CREATE) == pytest.approx(120.0)


def test_everyone_waits_as_long_as_an_api_that_fails_asks() -> None:
    driver = Driver()
    driver.begin()
    assert not driver.fail(wait=30.0, cause=Cause.FAILED, text="503", at_work=True)
    assert driver.limiter.wait(Endpoint.CREATE) == pytest.approx(30.0)


def test_a_server_that_refuses_every_call_is_an_outage_one_tries_and_it_is_given_up() -> None:
    driver = Driver(give_up=100.0)
    driver.begin()
    driver.reply()
    driver.reply()
    tries, given_up = 0, False
    while not given_up:
        wait = driver.limiter.wait(Endpoint.CREATE)
        assert math.isfinite(wait)
        driver.now += wait
        count = driver.begin()
        tries += count
        driver.now += 0.02
        for _ in range(count):
            given_up = driver.reply(status=503) or given_up
    assert driver.limiter.is_outage
    assert count == 1
    assert driver.now - NOON == pytest.approx(100, abs=10.0)
    assert tries < 60
