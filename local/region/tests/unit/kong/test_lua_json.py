"""What Kong's JSON library says and writes; the recordings hold the payloads that functions were seen to send."""

from __future__ import annotations

import json

import pytest

from localregion.kong.lambda_.lua_json import complaint, decode, encode, number_text

HALF = "Expected value but found invalid unicode escape code"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Expected value but found T_END at character 1"),
        ("<html>", "Expected value but found invalid token at character 1"),
        ('{"statusCode": 200', "Expected comma or object end but found T_END at character 19"),
        ("[1 2]", "Expected comma or array end but found T_NUMBER at character 4"),
        ("{1: 2}", "Expected object key string but found T_NUMBER at character 2"),
        ('{"a" 1}', "Expected colon but found T_NUMBER at character 6"),
        ('{"a": }', "Expected value but found T_OBJ_END at character 7"),
        ('{"a": 1} x', "Expected the end but found invalid token at character 10"),
        ('{"a": 1} {}', "Expected the end but found T_OBJ_BEGIN at character 10"),
        # Asked of lua-cjson.
        (r'{"statusCode":200,"body":"\ud800"}', f"{HALF} at character 27"),
        (r'{"body":"\udc00"}', f"{HALF} at character 10"),
        (r'{"body":"a\ud800b"}', f"{HALF} at character 11"),
        (r'{"body":"\ud800\ud800"}', f"{HALF} at character 10"),
        (r'{"\ud800":1}', "Expected object key string but found invalid unicode escape code at character 3"),
    ],
)
def test_a_broken_text_is_complained_about_in_the_librarys_words(text: str, said: str) -> None:
    with pytest.raises(json.JSONDecodeError) as broken:
        decode(text)
    assert complaint(text, broken.value) == said


def test_numbers_are_doubles_and_empty_arrays_objects_unless_kept() -> None:
    value = {"a": 1.0, "b": 12345678901234567, "c": [], "d": [True, None, "é/"]}
    assert encode(value, keeps_empty_arrays=False) == '{"a":1,"b":1.2345678901235e+16,"c":{},"d":[true,null,"é/"]}'
    assert encode([], keeps_empty_arrays=True) == "[]"


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("1e400", "inf"),
        ("-1e400", "-inf"),
        ("123456789012345678901234567890", "1.2345678901235e+29"),
        ("1" + "0" * 400, "inf"),
        ("-1" + "0" * 5000, "-inf"),
        ("1e15", "1e+15"),
        ("1e-7", "1e-07"),
        ("12345678901234", "12345678901234"),
        ("3.0", "3"),
    ],
)
def test_numbers_are_printed_as_lua_prints_them(text: str, printed: str) -> None:
    assert number_text(decode(text)) == printed


@pytest.mark.parametrize("text", ["1e400", '{"a": [-1e400]}', "9" * 400])
def test_what_is_no_number_of_json_cannot_be_written(text: str) -> None:
    with pytest.raises(ValueError, match="NaN or Infinity"):
        encode(decode(text), keeps_empty_arrays=True)


@pytest.mark.parametrize("text", [r'"\ud83d\ude00"', r'"\\ud800"', r'"\uD83D\uDE00\u00e9"'])
def test_whole_characters_and_escaped_backslashes_are_read(text: str) -> None:
    assert decode(text) == json.loads(text)
