"""`python -m openapi`: write the description into the contracts layer, from where `GET /openapi.json` serves it."""

from contracts.openapi import FILE
from openapi.document import text

if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
