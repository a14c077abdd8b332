"""What Kong's JSON library says and writes; the recordings hold the payloads that functions were seen to send."""

from __future__ import annotations

import json

import pytest

from localregion.kong.lambda_.lua_json import complaint, encode


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
    ],
)
def test_a_broken_text_is_complained_about_in_the_librarys_words(text: str, said: str) -> None:
    with pytest.raises(json.JSONDecodeError) as broken:
        json.loads(text)
    assert complaint(text, broken.value) == said


def test_numbers_are_doubles_and_empty_arrays_objects_unless_kept() -> None:
    value = {"a": 1.0, "b": 12345678901234567, "c": [], "d": [True, None, "é/"]}
    assert encode(value, keeps_empty_arrays=False) == '{"a":1,"b":1.2345678901235e+16,"c":{},"d":[true,null,"é/"]}'
    assert encode([], keeps_empty_arrays=True) == "[]"
