"""A headless Chromium that looks at the console as a person does: by what is on the page, with mouse or keyboard.

Debian's `chromium` and `chromium-driver`, both started from their paths: nothing is downloaded. Its profile is new and
goes with it. Sizes and colour scheme are set through the DevTools protocol: no window is as narrow as a phone.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver import Chrome
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from tests.live_system import wait_for

_SWITCHES = [
    "--headless=new",
    "--no-sandbox",  # tests may run as root, and only ever show our own page
    "--disable-gpu",
    "--in-process-gpu",  # what draws without one: one process less
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    # Pages of its own that the address bar would show: preparing them is as much work as the browser's whole start.
    "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup",
    "--no-first-run",
    "--hide-scrollbars",
    "--lang=en-US",
]
# Asked once for all: WebDriver's own question, element by element, costs many times as much.
_VISIBLE = """
return [...document.querySelectorAll(arguments[0])].filter(
  (node) => node.getClientRects().length && node.checkVisibility({visibilityProperty: true, opacityProperty: true}))
"""
TIMEOUT_S = 60.0


class BrowserMissingError(Exception):
    """Chromium or its driver is not installed; on Debian: `apt-get install chromium chromium-driver`."""

    def __str__(self) -> str:
        return self.__doc__ or ""


class Browser:
    """One browser on one console; `close` ends it."""

    def __init__(self, address: str) -> None:
        binary, driver = shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("chromedriver")
        if not binary or not driver:
            raise BrowserMissingError
        options = Options()
        options.binary_location = binary
        for switch in _SWITCHES:
            options.add_argument(switch)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.address = address
        self._opened = 0
        self.driver = Chrome(options=options, service=Service(driver))
        self.resize(1280, 900)

    def close(self) -> None:
        self.driver.quit()

    def resize(self, width: int, height: int, *, scheme: str = "light") -> None:
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 700}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        # Motion is honoured, and costs a machine without graphics most of its time.
        wishes = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"}
        features = [{"name": name, "value": value} for name, value in wishes.items()]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def open(self, place: str) -> None:
        """Load the page anew at this place, a location's hash."""
        # Another address, so that it is no move on the page; of the same origin, so that its process stays.
        self._opened += 1
        self.driver.get(f"{self.address}/?{self._opened}{place}")

    def go(self, place: str) -> None:
        """Follow a link to this place, without loading the page anew."""
        self.script("location.hash = arguments[0]", place)

    def script(self, text: str, *arguments: Any) -> Any:
        return self.driver.execute_script(text, *arguments)

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def texts(self, selector: str) -> list[str]:
        """What these elements say, hidden or not, at one moment."""
        found: list[str] = self.script(
            "return [...document.querySelectorAll(arguments[0])].map((node) => node.textContent)", selector
        )
        return found

    def find(self, selector: str) -> WebElement:
        """Return the first such element that is visible, waiting for it."""
        found: list[WebElement] = []

        def is_there() -> bool:
            found[:] = self.script(_VISIBLE, selector)
            return bool(found)

        self.wait(is_there, f"{selector} is not to be seen")
        return found[0]

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        def holds() -> bool:
            try:
                return condition()
            except (NoSuchElementException, StaleElementReferenceException):
                return False

        wait_for(holds, timeout_s=TIMEOUT_S, what=lambda: f"{what}; the page:\n{self.texts('main')}")

    def wait_for_text(self, selector: str, text: str) -> None:
        self.wait(
            lambda: any(text in one for one in self.texts(selector)),
            f"{selector} does not say {text!r} but {self.texts(selector)}",
        )

    def wait_for_polls(self, count: int = 2) -> None:
        """Wait until the page has asked the console again this often: what it does to the page has happened then."""
        asked = "return performance.getEntriesByName(new URL('api/overview', location.origin).href).length"
        self.script("performance.clearResourceTimings()")
        self.wait(lambda: self.script(asked) >= count, "the page asks the console no more")

    def press(self, *keys: str) -> None:
        """Press keys wherever the focus is."""
        self.driver.switch_to.active_element.send_keys(*keys)

    def has_focus(self, selector: str) -> bool:
        return bool(self.script("return document.activeElement.matches(arguments[0])", selector))

    def complaints(self) -> list[str]:
        """Return what the browser said since it was asked last: errors, violations of the page's policy.

        That an answer was an error or did not come is no fault of the page's.
        """
        messages = [entry["message"] for entry in self.driver.get_log("browser")]
        return [message for message in messages if "Failed to load resource" not in message]


@contextmanager
def browser_on(address: str) -> Iterator[Browser]:
    """A browser for a fixture. Skips its tests where there is no Chromium, except in CI."""
    try:
        browser = Browser(address)
    except BrowserMissingError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))
    try:
        yield browser
    finally:
        browser.close()
