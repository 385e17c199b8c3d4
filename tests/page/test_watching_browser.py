"""A job that is watched in a real browser: what is read out, when it is over, and the system's notification."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from importer.page.serving import PageServer
from tests.page.conftest import home_of, write
from tests.page.test_browser import drop, looked_at, send
from tests.sandbox import Limit, Sandbox

pytestmark = pytest.mark.slow

DONE = ["note-importer", "Done. Some rows need your attention. created 4, invalid 1"]
NOTIFIED = """
window.Notification = class extends EventTarget {
  static get permission() { return sessionStorage.getItem("permission") ?? "%s"; }
  static async requestPermission() {
    notified(["asked"]);
    sessionStorage.setItem("permission", "%s");
    return this.permission;
  }
  constructor(title, options) { super(); notified([title, options.body]); }
};
"""
HEARD = """
addEventListener("DOMContentLoaded", () => {
  const status = document.getElementById("status");
  new MutationObserver(() => {
    document.body.dataset.heard = status.textContent.trim();
    heard(document.body.dataset.heard);
  }).observe(status, { childList: true });
});
"""


def sending(page: Page, path: Path, notes: str) -> None:
    """Drop a file and send it, until its progress is there."""
    drop(page, path)
    page.get_by_role("button", name="Continue").click()
    send(page, notes)
    expect(page.get_by_role("heading", level=1)).to_have_text("Sending n.csv")
    page.wait_for_load_state()


def loaded(page: Page) -> None:
    """The page's script has run, and what it told the test has come."""
    page.wait_for_load_state()
    page.evaluate("0")


def listening(to: list[Any]) -> Callable[[Any], None]:
    """A function that a page may call, which a method of a list can't be."""

    def hear(what: Any) -> None:
        to.append(what)

    return hear


@pytest.fixture
def slow_file(box: Sandbox, tmp_path: Path) -> Iterator[Path]:
    """A file whose import takes until the limit is lifted."""
    box.set_limit(Limit.parse("1/15s:headers:429"))
    yield write(tmp_path / "n.csv", [(f"p{i}", f"Secret {i}", "Public") for i in range(4)] + [("p9", "", "Public")])
    box.set_limit(None)


def test_the_browser_notifies_where_a_person_allows_it(page: Page, box: Sandbox, slow_file: Path) -> None:
    """With the browser's own notifications: allowed before, and yet only by a tick. The shell without a window denies
    it in ``permission``, whatever it says when it is asked, so that this is put right."""
    page.context.grant_permissions(["notifications"])
    notified: list[object] = []
    page.expose_function("notified", listening(notified))
    page.add_init_script(
        "Notification = new Proxy(Notification, {"
        " get: (target, name) => (name === 'permission' ? 'granted' : Reflect.get(target, name)),"
        " construct(target, given) { notified([given[0], given[1].body]); return Reflect.construct(target, given); },"
        "});"
    )
    sending(page, slow_file, "4 notes")
    assert page.evaluate("Notification.requestPermission.call(Notification)") == "granted"
    tick = page.get_by_label("Notify me on this computer when this is done")
    expect(tick).not_to_be_checked()
    tick.check()
    expect(tick).to_be_checked()
    looked_at(page, "sending-notify")
    page.reload()
    expect(tick).to_be_checked()
    page.wait_for_load_state()
    box.set_limit(None)
    expect(page.get_by_role("status")).to_have_text("Done. Some rows need your attention.")
    loaded(page)
    assert notified == [DONE]
    page.reload()
    expect(page.get_by_role("status")).to_have_text("Done. Some rows need your attention.")
    loaded(page)
    assert len(notified) == 1


@pytest.mark.parametrize(
    ("before", "answer", "is_offered", "says"),
    [
        ("default", "granted", True, [["asked"], DONE]),
        ("default", "denied", True, [["asked"]]),
        ("default", "default", True, [["asked"]]),
        ("denied", "denied", False, []),
    ],
)  # fmt: skip
def test_a_notification_is_asked_for_by_a_tick_alone(
    page: Page, box: Sandbox, slow_file: Path, before: str, answer: str, is_offered: bool, says: list[list[str]]
) -> None:
    """Where it is refused, nothing is shown from then on; its text holds counts and the outcome, and no cell."""
    notified: list[list[str]] = []
    page.expose_function("notified", listening(notified))
    page.add_init_script(NOTIFIED % (before, answer))
    sending(page, slow_file, "4 notes")
    tick = page.get_by_label("Notify me on this computer when this is done")
    expect(tick).to_be_visible(visible=is_offered)
    if is_offered:
        assert notified == []
        tick.click()
        expect(tick).to_be_visible(visible=answer != "denied")
        expect(tick).to_be_checked(checked=answer == "granted")
    box.set_limit(None)
    expect(page.get_by_role("status")).to_have_text("Done. Some rows need your attention.")
    loaded(page)
    assert notified == says


def test_without_a_tick_or_without_such_notifications_nothing_is_notified(
    browser: Browser, server: PageServer, box: Sandbox, slow_file: Path
) -> None:
    """A browser that has none shows no offer."""
    with browser.new_context() as context:
        page = context.new_page()
        page.add_init_script("delete window.Notification")
        page.goto(server.address)
        page.wait_for_url(home_of(server))
        sending(page, slow_file, "4 notes")
        expect(page.get_by_text("Notify me on this computer")).to_be_hidden()
        box.set_limit(None)
        expect(page.get_by_role("status")).to_have_text("Done. Some rows need your attention.")


def test_progress_is_read_out_in_steps_and_the_end_at_once(
    page: Page, server: PageServer, box: Sandbox, slow_file: Path
) -> None:
    """Not more often than every ten seconds, but for what is new; numbers on the screen follow meanwhile."""
    heard: list[str] = []
    page.expose_function("heard", listening(heard))
    page.add_init_script(HEARD)
    percent, ending = [0], [" % of the notes are done."]

    def tells(route: Route) -> None:
        percent[0] += 1
        said = {"settled": percent[0], "total": 100, "done": f"{percent[0]} of 100 notes"}
        route.fulfill(json={"reload": False, "status": f"{percent[0] // 2}{ending[0]}", **said})

    sending(page, slow_file, "4 notes")
    page.clock.install()
    page.route(re.compile(r"/state$"), tells)
    page.reload()
    page.wait_for_load_state()
    heard.clear()
    for _ in range(60):  # 42 seconds
        with page.expect_response(re.compile(r"/state$")):
            page.clock.run_for(700)
    expect(page.locator("[data-field=done]")).to_have_text("60 of 100 notes")
    expect(page.locator(".status[aria-hidden]")).to_have_text("30 % of the notes are done.")
    assert 4 <= len(heard) <= 5, heard
    ending[0] = " % of the notes are done; waiting."
    heard.clear()
    with page.expect_response(re.compile(r"/state$")):
        page.clock.run_for(700)
    expect(page.get_by_role("status")).to_contain_text("waiting")
    assert len(heard) == 1
    page.unroute(re.compile(r"/state$"))
    page.clock.resume()
    heard.clear()
    box.set_limit(None)
    expect(page.get_by_role("heading", level=1)).to_have_text("Results of n.csv")
    expect(page.get_by_role("status")).to_have_text("Done. Some rows need your attention.")
    expect(page.locator("body")).to_have_attribute("data-heard", "Done. Some rows need your attention.")
