"""The console's page in a real browser, on the whole system: what a person does with it, by mouse and by keyboard."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pika
import pytest
from selenium.webdriver.common.keys import Keys
from tests.browser.chromium import Browser, browser_on
from tests.live_system import LiveSystem

from contracts import topology

DOCS = Path(__file__).parents[2] / "docs"
PICTURES = ["console.png", "console-trace.png"]
VIEWS = ["#/", "#/orders", "#/traces", "#/functions", "#/parked"]


@pytest.fixture(scope="module")
def console(live: LiveSystem) -> Iterator[Browser]:
    """One browser for all tests."""
    with browser_on(live.endpoints["console"]) as browser:
        yield browser


@pytest.fixture
def page(console: Browser) -> Iterator[Browser]:
    """The browser as wide as a desk's; the page must not have given it anything to complain of."""
    console.resize(1280, 900)
    console.complaints()
    yield console
    assert console.complaints() == []


@pytest.fixture(scope="module")
def order_id(live: LiveSystem) -> str:
    """An order that is there already."""
    with live.client() as client:
        answer = client.post("/orders", json={"amount": 1999})
    found: str = answer.json()["orderId"]
    return found


def fill_in(page: Browser, amount: str) -> None:
    page.open("#/")
    field = page.find("#amount")
    field.clear()
    field.send_keys(amount)
    page.find(".order-form button").click()


def test_an_order_sent_by_the_form_becomes_an_invoice_and_its_trace_shows_every_hop(page: Browser) -> None:
    fill_in(page, "421999")
    page.wait_for_text(".steps li[data-step=done]", "accepted (201)")
    page.wait_for_text(".steps li[data-step=done]", "invoiced, no. ")
    order_id = page.find(".progress a[data-order]").get_attribute("data-order") or ""
    page.wait_for_text(".overview .orders tbody", "R$4,219.99")

    page.find(".progress a[data-order]").click()
    page.wait_for_text(".view-head .state", "invoiced")
    page.wait_for_text(".separator", "invoice_consumer")
    page.wait_for_text(".log", "order accepted")

    assert page.script("return location.hash") == f"#/orders/{order_id}"
    services = [text for text in page.texts(".spans .service") if text]
    assert services == ["console", "kong", "create_order", "invoice_consumer"]
    names = page.texts(".spans .span-name")
    hops = ["POST", "POST /orders", "create orders:order.created", "send orders:order.created"]
    assert [name for name in names if name in hops][-4:] == hops
    assert any(name.startswith("process ") for name in names)
    assert any(name.startswith("INSERT orders.orders") for name in names)
    depths = page.script(
        "return [...document.querySelectorAll('.span-row')].map((row) => Number(row.style.getPropertyValue('--depth')))"
    )
    assert depths[:4] == [0, 1, 2, 3]

    page.script(
        "[...document.querySelectorAll('.span-row')].find((row) => /create_order/.test(row.textContent)).click()"
    )
    page.wait_for_text(".span-details", order_id)
    assert page.texts(".trace-logs h2")[0].startswith("Log lines, ")
    write_pictures(page)


def open_order(page: Browser, amount: str) -> None:
    """Order by the form, wait for the invoice and look at the order."""
    fill_in(page, amount)
    page.wait_for_text(".steps li[data-step=done]", "invoiced, no. ")
    page.find(".progress a[data-order]").click()


def test_an_order_is_paid_by_a_button_and_its_trace_goes_on_to_the_payment(page: Browser) -> None:
    open_order(page, "77001")
    page.wait_for_text(".order-actions .pay", "Pay R$770.01")
    page.find(".order-actions .pay").click()
    page.wait_for_text(".order-actions", "recorded")
    page.wait_for_text(".view-head .state", "paid")
    page.wait_for_text(".separator", "order_updater")

    services = page.texts(".spans .service")
    assert {"create_order", "invoice_consumer", "record_payment", "order_updater"} <= {*services}


def test_an_order_is_canceled_by_a_button(page: Browser) -> None:
    open_order(page, "77002")
    page.wait_for_text(".order-actions", "Cancel")
    page.find(".order-actions .cancel").click()
    page.wait_for_text(".view-head .state", "canceled")


def test_what_the_api_refuses_is_said_beside_the_form(page: Browser) -> None:
    fill_in(page, "0")
    page.wait_for_text(".steps li[data-step=failed]", "422 /amount")


def test_a_parked_message_is_shown_as_text_replayed_and_dismissed(page: Browser, live: LiveSystem) -> None:
    name = uuid.uuid4().hex
    publish(live, f'{{"orderId": "<img src=x onerror=document.title=1> \\u202e {name}"}}'.encode())
    page.open("#/parked")
    page.wait_for_text(".parked pre", name)
    card = f'[data-parked="{parked_id(page, name)}"]'

    assert page.all(f"{card} img") == []
    assert "waiting" in page.texts(f"{card} .state")[0]
    assert page.texts(f"{card} h2")[0]
    assert int(page.texts("#parked-badge")[0]) >= 1

    page.find(f"{card} .actions button").click()
    page.wait_for_text(f"{card} .outcome", "queued for replay")
    page.wait_for_text(card, "seen 2 times")
    page.find(f"{card} .actions button.plain").click()
    page.wait_for_text(f"{card} .state", "dismissed")
    assert page.texts(f"{card} .outcome")[0].startswith("✓ dismissed")


def publish(live: LiveSystem, body: bytes) -> None:
    with pika.BlockingConnection(pika.URLParameters(live.endpoints["amqp"])) as connection:
        properties = pika.BasicProperties(type="order.created.v1", message_id=str(uuid.uuid4()), delivery_mode=2)
        connection.channel().basic_publish(
            topology.ORDERS_EXCHANGE, topology.ORDER_CREATED_ROUTING_KEY, body, properties
        )


def parked_id(page: Browser, name: str) -> str:
    found: str = page.script(
        "return [...document.querySelectorAll('.parked')].find((card) => card.textContent.includes(arguments[0]))"
        ".dataset.parked",
        name,
    )
    return found


def test_every_view_fits_a_phone_and_loads_nothing_from_elsewhere(page: Browser, order_id: str) -> None:
    page.resize(360, 740, scheme="dark")
    page.open("#/")
    for view in [*VIEWS, f"#/orders/{order_id}"]:
        page.go(view)
        page.find("h1")
        page.wait_for_polls(1)
        assert page.script("return document.documentElement.scrollWidth <= innerWidth"), view
    loaded = page.script("return performance.getEntriesByType('resource').map(({ name }) => name)")
    assert {url for url in loaded if not url.startswith(page.address)} == set()


def test_the_keyboard_alone_leads_to_a_span_and_the_focus_stays(page: Browser, order_id: str) -> None:
    page.open("#/")
    page.find(".picture")
    page.press(Keys.TAB)
    assert page.has_focus(".skip")
    go_to(page, 'nav a[data-view="orders"]', Keys.ENTER)
    page.find(".orders tbody a")
    go_to(page, ".orders tbody a", Keys.ENTER)
    page.find(".span-row")
    go_to(page, ".span-row", Keys.ENTER)
    page.find(".span-details")
    page.press(Keys.ARROW_DOWN)
    page.wait_for_polls()

    assert page.has_focus(".span:nth-child(2) .span-row")
    outline = page.script("return getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.press(Keys.ENTER)
    page.wait(lambda: len(page.all(".span:nth-child(2) .span-details")) == 1, "Enter opens no span")


def go_to(page: Browser, selector: str, key: str) -> None:
    """Press Tab until this has the focus, then the key."""
    for _ in range(60):
        if page.has_focus(selector):
            return page.press(key)
        page.press(Keys.TAB)
    raise AssertionError(f"Tab does not lead to {selector}")


def test_the_page_says_when_the_console_is_gone_and_goes_on_when_it_is_back(page: Browser, live: LiveSystem) -> None:
    page.driver.switch_to.new_window("tab")
    page.resize(1280, 900)
    page.open("#/orders")
    page.find("h1")
    page.wait_for_polls(1)
    try:
        live.run("stop", "console")
        page.find("#banner")
        assert "does not answer" in page.texts("#banner-title")[0]
        assert "not live" in page.texts("#pulse")[0]
        assert page.find("h1").text == "Orders"
    finally:
        live.run("start", "console")
    # Unless it has asked again by itself meanwhile.
    page.script("document.getElementById('banner-retry').click()")
    page.wait(lambda: not page.find("#pulse").text.startswith("✕"), "the page does not come back")
    assert not page.driver.find_element("id", "banner").is_displayed()


def write_pictures(page: Browser) -> None:
    """Write what the documentation shows of the console: when asked for by SCREENSHOT=1, or when it is missing."""
    if os.environ.get("SCREENSHOT") != "1" and all((DOCS / name).exists() for name in PICTURES):
        return
    page.open("#/")
    send_many(page)
    save(page, "console.png")
    page.find(".orders tbody tr:nth-child(3) a").click()
    page.find(".separator")
    page.script(
        "[...document.querySelectorAll('.span-row')].find((row) => /send orders/.test(row.textContent)).click()"
    )
    page.find(".span-details")
    page.wait_for_polls()
    save(page, "console-trace.png")


def save(page: Browser, name: str) -> None:
    """Save the whole height of the page."""
    end = page.script("return document.querySelector('main').getBoundingClientRect().bottom + scrollY")
    page.resize(1280, int(end))
    page.wait_for_polls()
    page.driver.save_screenshot(str(DOCS / name))


def send_many(page: Browser, seconds: float = 45.0) -> None:
    """Orders as a shop has them, so that the figures have something to show."""
    until, amounts = time.monotonic() + seconds, [("1999", "BRL"), ("129900", "BRL"), ("4500", "USD"), ("980", "JPY")]
    sent = 0
    while time.monotonic() < until:
        amount, currency = amounts[sent % len(amounts)]
        page.script(
            "fetch('api/orders', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: arguments[0]})",
            f'{{"amount": {amount}, "currency": "{currency}"}}',
        )
        sent += 1
        page.wait_for_polls(1)
