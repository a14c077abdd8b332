"""The arithmetic and the parsing behind the rows, without anything running."""

import importlib.util
import json
import py_compile
from pathlib import Path

import pytest

from proof.bench import load
from proof.bench.__main__ import (
    NEEDS_BASE,
    NEEDS_SYSTEM,
    NOT_IN_QUICK,
    ROWS,
    SelectionError,
    is_quick,
    round_count,
    selection,
)
from proof.bench.cold_start import ship
from proof.bench.consumer import rate
from proof.bench.events import order_event, queue_event
from proof.bench.second_system import SecondSystemError


def test_the_rate_counts_whole_cycles_between_full_batches() -> None:
    # The last batch was incomplete: it waited for the batching window and counts for nothing.
    batches = [(10.0, 1000), (10.5, 1000), (11.0, 990), (13.0, 200)]
    assert rate(batches) == (2000.0, 1000)


def test_one_batch_has_no_rate() -> None:
    with pytest.raises(SecondSystemError, match="fewer than two"):
        rate([(10.0, 1000), (10.5, 3)])


def test_rows_are_selected_by_name_and_keep_their_order() -> None:
    assert selection("") == list(ROWS)
    assert selection("load, init") == ["init", "load"]


@pytest.mark.parametrize("text", ["cold", "init,cold"])
def test_an_unknown_row_is_refused_by_name(text: str) -> None:
    with pytest.raises(SelectionError, match="no row cold"):
        selection(text)


@pytest.mark.parametrize("text", ["0", "-1", "x", "1.5"])
def test_a_useless_number_of_rounds_is_refused(text: str) -> None:
    with pytest.raises(SelectionError, match="ROUNDS"):
        round_count(text)


@pytest.mark.parametrize("text", ["yes", "2", " "])
def test_a_quick_run_is_asked_for_by_one(text: str) -> None:
    assert (is_quick(""), is_quick("0"), is_quick("1")) == (False, False, True)
    with pytest.raises(SelectionError, match="QUICK"):
        is_quick(text)


def test_what_is_said_of_rows_is_said_of_rows_that_there_are() -> None:
    assert set(ROWS) >= NEEDS_SYSTEM >= NEEDS_BASE
    assert set(ROWS) >= NOT_IN_QUICK


def test_the_load_sends_orders_with_a_key_and_nothing_without() -> None:
    order, nothing = load.request(80, "/orders", "secret"), load.request(80, "/noop")
    assert b"\r\napikey: secret\r\n" in order
    assert order.endswith(b"\r\n\r\n" + load.ORDER)
    assert b"apikey" not in nothing
    assert nothing.endswith(b"\r\n\r\n{}")
    assert load.answer_size(order) == len(order)


def test_without_a_number_every_row_has_its_own() -> None:
    assert round_count("") == 0
    assert round_count("7") == 7


def test_an_answers_size_is_known_once_its_head_is_there() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    assert load.answer_size(answer[:20]) == 0
    assert load.answer_size(answer[:-2]) == len(answer)
    with pytest.raises(ValueError, match="Content-Length"):
        load.answer_size(b"HTTP/1.1 200 OK\r\n\r\n")


def test_shipped_bytecode_is_not_checked_against_its_source(tmp_path: Path) -> None:
    source = tmp_path / "shipped.py"
    source.write_text("VALUE = 1\n")
    bytecode = tmp_path / "bytecode"
    compiled = bytecode / tmp_path.relative_to("/") / "shipped.cpython-311.pyc"
    py_compile.compile(str(source), cfile=str(compiled), doraise=True)
    ship(bytecode)
    content = compiled.read_bytes()
    assert content[4:8] == b"\x01\0\0\0"
    assert content[8:16] == importlib.util.source_hash(source.read_bytes())


def test_events_are_json_with_a_new_order_each() -> None:
    assert json.dumps(order_event()) != json.dumps(order_event())
    messages = queue_event("invoices")["rmqMessagesByQueue"]
    assert isinstance(messages, dict)
    assert list(messages) == ["invoices::/"]
