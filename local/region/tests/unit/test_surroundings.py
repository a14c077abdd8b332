"""What of the caller's environment is taken away, and what is added."""

import io

from localregion.surroundings import print_any_character, settle


def test_what_misleads_is_taken_away_and_the_rest_stays() -> None:
    environment = {
        "PGSSLMODE": "require",
        "KONG_HEADERS": "off",
        "PYTHONIOENCODING": "ascii",
        "PATH": "/bin",
        "PG": "x",
    }
    settle(environment)
    assert environment.keys() == {"PATH", "PG", "PYTHONUTF8", "no_proxy", "NO_PROXY"}


def test_loopback_is_never_proxied_beside_what_is_named_already() -> None:
    environment = {"http_proxy": "http://proxy:3128", "no_proxy": "intranet,localhost"}
    settle(environment)
    assert environment["http_proxy"] == "http://proxy:3128"
    assert environment["no_proxy"] == "intranet,localhost,127.0.0.1,::1"
    assert environment["NO_PROXY"] == "127.0.0.1,localhost,::1"


def test_a_character_that_the_terminal_lacks_is_escaped() -> None:
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    print_any_character(terminal)
    terminal.write("é")
    terminal.flush()
    assert terminal.buffer.getvalue() == b"\\xe9"  # type: ignore[attr-defined]
