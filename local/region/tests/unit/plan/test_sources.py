"""Where the source of each layer stands."""

from pathlib import Path

import pytest

from localregion.plan.sources import UnknownLayerError, source_folders

ROOT = Path(__file__).resolve().parents[5]


def test_a_layer_is_what_stands_in_its_python_folder() -> None:
    assert source_folders("dist/layers/contracts.zip", ROOT) == {
        "contracts": ROOT / "layers/contracts/python/contracts"
    }


def test_folders_of_outside_systems_are_published_together() -> None:
    assert source_folders("dist/layers/systems.zip", ROOT) == {
        name: ROOT / "layers" / name / "python" / name
        for name in (
            "aws",
            "deliveries",
            "loading",
            "outbox",
            "payments",
            "postgres",
            "rabbitmq",
            "reading",
            "sockets",
            "tracing",
        )
    }


def test_the_migrations_layer_is_the_migrations_folder_itself() -> None:
    assert source_folders("migrations", ROOT) == {"migrations": ROOT / "migrations"}


def test_third_party_packages_have_no_source_here() -> None:
    assert source_folders("dist/layers/dependencies.zip", ROOT) == {}


def test_a_layer_without_a_folder_is_an_error() -> None:
    with pytest.raises(UnknownLayerError, match="'nothing' has no folder layers/nothing/python"):
        source_folders("nothing", ROOT)


def test_unpacked_archives_are_layers_as_they_are(tmp_path: Path) -> None:
    for path in ("dependencies/python/pamqp", "migrations/python/migrations", "migrations/python/sqlalchemy"):
        (tmp_path / "layers" / path).mkdir(parents=True)
    assert set(source_folders("dist/layers/dependencies.zip", tmp_path)) == {"pamqp"}
    assert set(source_folders("dist/layers/migrations.zip", tmp_path)) == {"migrations", "sqlalchemy"}
