"""Write what docs/costs.md says of the deployed stacks anew: `make costs`."""

from __future__ import annotations

from proof.costs.stack import ROOT, read_stack
from proof.costs.tables import rendered

PAGE = ROOT / "docs" / "costs.md"


def main() -> None:
    PAGE.write_text(rendered(PAGE.read_text(), read_stack("dev"), read_stack("prod")))


if __name__ == "__main__":
    main()
