"""The rules of CONTRIBUTING that a program can check: who imports whom, who reads the environment, what docs say."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from tests.unit.imports import cycles, import_graph, modules
from tests.unit.product_words import product_words

from localregion import project

ROOT = Path(__file__).parents[2]
FUNCTIONS = {folder.name for folder in (ROOT / "functions").iterdir() if (folder / "__init__.py").exists()}
LAYERS = {folder.name for folder in (ROOT / "layers").iterdir()}
LOCAL = {"localregion", "orders", "proof"}
OURS = FUNCTIONS | LAYERS | LOCAL | {"migrations", "components", "configuration"}


def sources(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


def imported(path: Path) -> Iterator[str]:
    """The top-level packages that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def decorator(node: ast.ClassDef | ast.FunctionDef) -> str:
    return ", ".join(map(ast.unparse, node.decorator_list))


def imports_http(node: ast.ImportFrom) -> bool:
    names = {alias.name for alias in node.names}
    return node.module == "contracts.http" or (node.module == "contracts" and "http" in names)


def importers(folder: Path, forbidden: set[str], *, below: Path = ROOT) -> list[str]:
    return [
        f"{path.relative_to(below)} imports {name}"
        for path in sources(folder)
        for name in imported(path)
        if name in forbidden
    ]


def test_contracts_import_the_standard_library_and_pydantics_core() -> None:
    foreign = {
        name
        for path in sources(ROOT / "layers" / "contracts")
        for name in imported(path)
        if name not in sys.stdlib_module_names
    }
    assert foreign == {"contracts", "loading", "pydantic_core"}


def test_the_platform_has_no_word_of_the_product() -> None:
    platform = ROOT / "local" / "region" / "localregion"
    assert [found for path in sources(platform) for found in product_words(path)] == []
    shown = [path for path in platform.rglob("*") if path.suffix in (".js", ".css", ".html", ".script")]
    assert [path for path in shown if re.search(r"(?i)\b(orders?|invoices?|customers?)\b", path.read_text())] == []


@pytest.mark.parametrize(
    "text",
    [
        "def send_order(): pass",
        "class OrdersApi: pass",
        "key = {'orderId': 1}",
        "path = f'/invoices/{1}'",
        "from region import customers",
        "call(customer=1)",
        "ask(b'GET /orders')",
    ],
)
def test_a_word_of_the_product_is_found(tmp_path: Path, text: str) -> None:
    (tmp_path / "module.py").write_text(text)
    assert product_words(tmp_path / "module.py") != []


def test_a_sequence_may_be_explained(tmp_path: Path) -> None:
    text = '"""In order."""\nfrom collections import OrderedDict\nborder = OrderedDict()  # in order of arrival\n'
    (tmp_path / "module.py").write_text(text)
    assert product_words(tmp_path / "module.py") == []
    (tmp_path / "orders_api.py").write_text("")
    assert product_words(tmp_path / "orders_api.py") == ["orders_api.py: the file's name"]


def test_an_import_across_the_border_is_found(tmp_path: Path) -> None:
    (tmp_path / "late.py").write_text("def run():\n    from orders.console import pages\n")
    assert importers(tmp_path, {"orders"}, below=tmp_path) == ["late.py imports orders"]


# Not of an outside system: what several functions do alike with them.
SHARED = {"contracts": {"loading"}, "loading": set(), "outbox": {"rabbitmq"}, "reading": {"contracts"}}
SHARED["payments"] = {"contracts", "outbox", "postgres", "rabbitmq"}
SHARED["deliveries"] = {"contracts", "postgres", "tracing"}


@pytest.mark.parametrize("layer", sorted(SHARED))
def test_a_shared_layer_imports_what_it_says(layer: str) -> None:
    assert importers(ROOT / "layers" / layer, OURS - {layer, *SHARED[layer]}) == []


@pytest.mark.parametrize("layer", sorted(LAYERS - {*SHARED}))
def test_a_system_layer_imports_nothing_of_ours_but_loading_and_bounded_sockets(layer: str) -> None:
    assert importers(ROOT / "layers" / layer, OURS - {layer, "loading", "sockets"}) == []


def test_only_one_package_of_the_functions_opens_sockets_itself() -> None:
    raw = {"socket", "ssl", "select", "selectors"}
    # Postgres is libpq's: its module hangs up on a stream that libpq opened.
    allowed = {"sockets", "postgres"}
    found = {path for folder in ("functions", "layers") for path in sources(ROOT / folder) if raw & set(imported(path))}
    assert {path.parent.name for path in found} == allowed


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_a_function_imports_no_other_function_and_no_sdk(function: str) -> None:
    heavy = {"boto3", "botocore", "pydantic", "pika", "requests"}
    if function != "release":
        heavy |= {"sqlalchemy", "alembic", "migrations"}
    assert importers(ROOT / "functions" / function, (FUNCTIONS - {function}) | LOCAL | heavy) == []


def test_the_platform_imports_nothing_of_this_project() -> None:
    assert importers(ROOT / "local" / "region" / "localregion", OURS - {"localregion"}) == []


def test_a_component_imports_nothing_of_the_program_that_it_is_part_of() -> None:
    program = {path.stem for path in (ROOT / "infra").glob("*.py")}
    assert {"configuration", "functions"} <= program
    assert importers(ROOT / "infra" / "components", program) == []


def all_modules() -> dict[str, Path]:
    roots = {Path(root): Path(root) for root in project.read(ROOT).import_path}
    found = modules({**roots, ROOT: ROOT / "migrations"})
    # The platform's folder is a source root of its own, below another one.
    return {name: path for name, path in found.items() if not name.startswith(("region.", "tests.", "examples."))}


def test_no_module_imports_itself_by_way_of_others() -> None:
    """Imports for type checkers and those inside functions count: they hide a circle, they do not open it."""
    known = {
        "create_order.handler",
        "contracts.topology",
        "migrations.env",
        "components.gateway",
        "localregion.kong.server",
    }
    assert known <= all_modules().keys()
    assert cycles(import_graph(all_modules())) == []


def test_no_package_imports_itself_by_way_of_others() -> None:
    packages: dict[str, set[str]] = {}
    for module, imports in import_graph(all_modules()).items():
        package = module.partition(".")[0]
        packages.setdefault(package, set()).update(name.partition(".")[0] for name in imports)
    assert cycles({package: imports - {package} for package, imports in packages.items()}) == []


def test_a_circle_is_found_however_it_is_imported(tmp_path: Path) -> None:
    (tmp_path / "ring").mkdir()
    for name, text in {
        "__init__": "",
        "alone": "from ring import one",
        "one": "import ring.two",
        "two": "def late():\n    from ring import three",
        "three": "if TYPE_CHECKING:\n    from ring.four import Four",
        "four": "from .one import One",
    }.items():
        (tmp_path / "ring" / f"{name}.py").write_text(text)
    assert cycles(import_graph(modules({tmp_path: tmp_path}))) == [["ring.four", "ring.one", "ring.three", "ring.two"]]


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_only_the_bootstrap_of_a_function_reads_its_environment(function: str) -> None:
    readers = {
        path.name
        for path in sources(ROOT / "functions" / function)
        if re.search(r"\benviron\b|\bgetenv\b", path.read_text())
    }
    assert readers == {"bootstrap.py"}


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_the_bootstrap_of_every_function_has_the_same_shape(function: str) -> None:
    tree = ast.parse((ROOT / "functions" / function / "bootstrap.py").read_text())
    classes = {node.name: decorator(node) for node in tree.body if isinstance(node, ast.ClassDef)}
    made = {node.name: decorator(node) for node in tree.body if isinstance(node, ast.FunctionDef)}
    calls = [ast.unparse(node) for node in tree.body if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)]
    assert classes == {"Dependencies": "dataclass(frozen=True, kw_only=True)"}
    assert made["dependencies"] == "cache"
    assert calls == ["prepare(os.environ)"]


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_a_handler_fits_on_a_screen(function: str) -> None:
    assert len((ROOT / "functions" / function / "handler.py").read_text().splitlines()) <= 60


def test_only_what_reads_and_answers_requests_knows_http() -> None:
    knowing = {
        str(path.relative_to(ROOT / "functions"))
        for path in sources(ROOT / "functions")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and imports_http(node)
    }
    assert knowing == {
        "cancel_order/handler.py",
        "cancel_order/http_messages.py",
        "create_order/handler.py",
        "create_order/http_messages.py",
        "get_order/answers.py",
        "get_order/handler.py",
        "record_payment/handler.py",
        "record_payment/webhooks.py",
    }


@pytest.mark.parametrize(
    "folder", ["functions", "layers", "local/orders", "local/proof", "local/region/localregion", "infra", "migrations"]
)
def test_every_module_says_what_it_is_for(folder: str) -> None:
    silent = [str(path) for path in sources(ROOT / folder) if not ast.get_docstring(ast.parse(path.read_text()))]
    assert silent == []


def test_every_local_difference_stands_in_the_table() -> None:
    differences = yaml.safe_load((ROOT / "infra" / "Pulumi.local.yaml").read_text())["config"]
    architecture = (ROOT / "docs" / "architecture.md").read_text()
    keys = [key.partition(":")[2] for key in differences if key.startswith("serverless-orders:")]
    assert [key for key in keys if f"`{key}`" not in architecture] == []


@pytest.mark.parametrize("page", ["README.md", "README.pt-BR.md", "CONTRIBUTING.md", "docs/architecture.md"])
def test_links_lead_somewhere(page: str) -> None:
    targets = re.findall(r"\]\((?!https?://)([^)#]+)\)", (ROOT / page).read_text())
    assert [target for target in targets if not ((ROOT / page).parent / target).exists()] == []


def test_every_command_of_the_readme_is_a_target() -> None:
    makefile = (ROOT / "Makefile").read_text()
    commands = set(re.findall(r"^make ([a-z]+)", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert {command for command in commands if f"\n{command}:" not in makefile} == set()
    assert {"up", "test", "order"} <= commands
