"""A job that is watched in a real browser: what is read out, and when it is over."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from importer.page.serving import PageServer
from tests.page.conftest import write
from tests.page.test_browser import drop, send
from tests.sandbox import Limit, Sandbox

pytestmark = pytest.mark.slow

HEARD = """
addEventListener("DOMContentLoaded", () => {
  const status = document.getElementById("status");
  new MutationObserver(() => {
    document.body.dataset.heard = status.textContent.trim();
    heard(document.body.dataset.heard);
  }).observe(status, { childList: true });
});
"""


def test_only_what_changes_is_read_out_and_the_end(
    page: Page, server: PageServer, box: Sandbox, tmp_path: Path
) -> None:
    heard: list[str] = []
    page.expose_function("heard", lambda what: heard.extend([what]))
    page.add_init_script(HEARD)
    settled, status = [0], [""]

    def tells(route: Route) -> None:
        if route.request.resource_type != "fetch":
            route.fallback()
            return
        settled[0] += 1
        told = re.sub(r'(<p class="done">)[^<]*', rf"\g<1>{settled[0]} of 100 notes", screen)
        told = re.sub(r'( id="status"[^>]*>)[^<]*', rf"\g<1>{status[0]}", told)
        route.fulfill(body=told, content_type="text/html")

    box.set_limit(Limit.parse("1/15s:headers:429"))  # until it is lifted
    drop(
        page, write(tmp_path / "n.csv", [(f"p{i}", f"Secret {i}", "Public") for i in range(4)] + [("p9", "", "Public")])
    )
    page.get_by_role("button", name="Continue").click()
    send(page, "4 notes")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sending n.csv")
    page.wait_for_load_state()
    page.clock.install()
    screen = page.content()
    page.route(page.url, tells)
    page.reload()
    page.wait_for_load_state()
    heard.clear()
    for at in range(22):
        status[0] = "Waiting." if at > 19 else "Under way."
        with page.expect_response(page.url):
            page.clock.run_for(700)
    expect(page.locator(".done")).to_have_text("22 of 100 notes")
    assert heard in (["Under way.", "Waiting."], ["Waiting."])
    page.unroute(page.url)
    page.clock.resume()
    heard.clear()
    box.set_limit(None)
    expect(page.get_by_role("heading", level=1)).to_have_text("Results of n.csv")
    expect(page.get_by_role("status")).to_have_text("Done. Something needs your attention.")
    expect(page.locator("body")).to_have_attribute("data-heard", "Done. Something needs your attention.")
