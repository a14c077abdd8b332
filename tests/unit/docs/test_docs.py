"""What the documentation tells people to type and to open exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = sorted(str(path.relative_to(ROOT)) for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
TOP_LEVEL = ("docs", "functions", "infra", "kong", "layers", "local", "migrations", "tests", r"\.github")
# Placeholders, and what a command writes: a fresh clone does not have it.
NOT_HERE = re.compile(r"NAME|\.zip$|/\.venv")


def words(page: str) -> str:
    return (ROOT / page).read_text()


def code(page: str) -> str:
    """Everything of a page that is set as code, on a line or as a block."""
    return "\n".join(re.findall(r"```.*?```|`[^`\n]+`", words(page), re.DOTALL))


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_of_a_page_exists(page: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:^|`|&& |; )(?:[A-Z_]+=\S+ )*make ([a-z]+(?:-[a-z]+)*)", code(page), re.MULTILINE))
    assert named - targets == set()


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_a_page_names_exists(page: str) -> None:
    named = set(re.findall(rf"(?<![\w./-])((?:{'|'.join(TOP_LEVEL)})/[\w./-]*[\w/])(?![\w*…<{{])", code(page)))
    missing = {path for path in named if not (ROOT / path).exists() and not NOT_HERE.search(path)}
    assert missing == set()


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_to_a_file_and_its_heading(page: str) -> None:
    for target, _, heading in re.findall(r"\]\((?!https?:|mailto:)([^)#\s]*)(#([^)\s]+))?\)", words(page)):
        path = (ROOT / page).parent / target if target else ROOT / page
        assert path.exists(), target
        if heading and path.suffix == ".md":
            assert heading in headings(path), f"{target}#{heading}"


@pytest.mark.parametrize("page", PAGES)
def test_what_changes_a_stack_says_which(page: str) -> None:
    """Without `--stack` Pulumi takes the one that was selected last."""
    told = re.findall(r"pulumi (?:--cwd infra )?(?:config (?:set|rm)|destroy)\b[^`\n;&]*", code(page))

    assert [command for command in told if "--stack" not in command] == []


def headings(path: Path) -> set[str]:
    """The anchors of a page, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_the_guide_names_every_key_of_a_deployed_stack() -> None:
    keys = {
        key
        for stack in ("dev", "prod")
        for key in re.findall(
            r"^ +serverless-orders:(\w+):", (ROOT / "infra" / f"Pulumi.{stack}.yaml").read_text(), re.MULTILINE
        )
    }
    assert [key for key in sorted(keys) if f"`{key}`" not in words("docs/deploy.md")] == []


def test_the_guide_names_every_output_of_the_program() -> None:
    outputs = re.findall(r'pulumi\.export\("(\w+)"', (ROOT / "infra" / "__main__.py").read_text())
    assert outputs
    assert [output for output in outputs if f"`{output}`" not in words("docs/deploy.md")] == []


def test_the_table_of_metrics_names_what_functions_write() -> None:
    rows = re.findall(r"^\| ((?:`[A-Z]\w+`(?:, )?)+) \| (?:Count|Seconds) \|", words("docs/tracing.md"), re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    sources = [path.read_text() for path in (ROOT / "functions").rglob("*.py")]
    written = {name for text in sources for name in re.findall(r'"([A-Z][a-z]+[A-Z]\w+)"', text)}

    assert len(named) > 10
    assert named == {name for name in written if name not in {"Idempotent"}}


@pytest.mark.parametrize("folder", ["docs", "docs/decisions"])
def test_the_index_of_a_folder_names_every_page_of_it(folder: str) -> None:
    pages = {path.name for path in (ROOT / folder).glob("*.md")} - {"README.md"}
    assert len(pages) > 5
    assert {page for page in pages if f"]({page})" not in words(f"{folder}/README.md")} == set()


def test_the_readme_fits_two_screens_and_the_picture_stands_once() -> None:
    picture = "Kong ── Lambda Invoke API ──► create_order"
    assert len(words("README.md").splitlines()) <= 100
    assert [page for page in PAGES if picture in words(page)] == ["README.md"]
