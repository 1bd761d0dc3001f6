"""The Dagster UI in a real browser: lineage by stage, and what a partition's page tells.
Not here: whether runs succeed (tests/end_to_end)."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.conftest import ROOT

pytestmark = pytest.mark.xdist_group("small_province")
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
         "--disable-component-update", "--disable-sync", "--disable-quic"]  # fmt: skip


@pytest.fixture(scope="module")
def address(small_province):
    """The webserver over the small province's instance, on a free port of this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "dagster_webserver", "-w", str(ROOT / "workspace.yaml"),
               "-h", "127.0.0.1", "-p", str(port)]  # fmt: skip
    environment = small_province.environment | {
        "DAGSTER_HOME": str(small_province.home / "dagster")
    }
    server = subprocess.Popen(
        command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(120):
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/server_info"):
                break
            time.sleep(0.5)
        yield url
    finally:
        server.terminate()
        server.wait(timeout=20)


@pytest.fixture(scope="module")
def page(address):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page(viewport={"width": 1700, "height": 1000})
        page.set_default_timeout(60_000)
        expect.set_options(timeout=60_000)
        yield page
        browser.close()


def _keep(page, name: str) -> None:
    """A picture for whoever reviews the UI, when a folder for it is named."""
    folder = os.environ.get("DGI_SCREENSHOTS")
    if folder:
        page.wait_for_timeout(2500)
        page.screenshot(path=f"{folder}/{name}.png")


def test_lineage_is_grouped_by_stage(page, address):
    page.goto(f"{address}/asset-groups")
    for group in ("reference", "ingestion", "quality", "index", "change", "causes", "reports"):
        expect(page.get_by_text(group, exact=True).first).to_be_visible()
    _keep(page, "lineage")


def test_a_partitions_page_tells_what_it_was_made_from(page, address):
    page.goto(f"{address}/assets/responses?view=partitions&partition=207-co-to%7C2020")
    expect(page.get_by_text("rows_set_aside").first).to_be_visible()
    expect(page.get_by_text("fingerprint").first).to_be_visible()
    _keep(page, "partition")


def test_checks_are_listed_by_the_truth_they_assert(page, address):
    page.goto(f"{address}/assets/responses?view=checks")
    expect(page.get_by_text("respondent_ids_are_unique").first).to_be_visible()
    _keep(page, "checks")
