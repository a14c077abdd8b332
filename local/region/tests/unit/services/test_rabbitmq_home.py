"""The home of a node: the start scripts, and of the plugins those that are used."""

from pathlib import Path

from localregion.services.rabbitmq_home import make_home, needed

NEEDS = {
    "rabbit": "kernel,\n  ra , systemd",
    "ra": "stdlib",
    "systemd": "enough",
    "enough": "",
    "rabbitmq_mqtt": "rabbit",
}


def installed(folder: Path) -> Path:
    """An installation whose plugins need each other as in NEEDS; returns its script."""
    for name, needs in NEEDS.items():
        description = folder / "plugins" / f"{name}-1.0" / "ebin" / f"{name}.app"
        description.parent.mkdir(parents=True)
        description.write_text(f"{{application, {name}, [\n {{modules, [a,b]}},\n {{applications, [{needs}]}}]}}.\n")
    for name in ("sbin", "escript"):
        (folder / name).mkdir()
    (folder / "plugins" / "README").touch()
    (folder / "sbin" / "rabbitmq-env").touch()
    script = folder / "sbin" / "rabbitmq-server"
    script.touch(mode=0o755)
    return script


def test_a_plugin_comes_with_all_that_it_needs_and_nothing_else(tmp_path: Path) -> None:
    plugins = installed(tmp_path).parent.parent / "plugins"

    assert [path.name for path in needed(plugins, ["rabbit"])] == ["enough-1.0", "ra-1.0", "rabbit-1.0", "systemd-1.0"]


def test_a_home_is_made_anew_each_time(tmp_path: Path) -> None:
    script = installed(tmp_path / "package")
    for plugins in (["rabbitmq_mqtt"], ["ra"]):
        own = make_home(tmp_path / "home", script=script, plugins=plugins)

    assert own == tmp_path / "home" / "sbin" / "rabbitmq-server"
    assert own.stat().st_mode & 0o111
    assert (own.parent / "rabbitmq-env").is_file()
    assert [path.name for path in (tmp_path / "home" / "plugins").iterdir()] == ["ra-1.0"]
    assert (tmp_path / "package" / "plugins" / "rabbit-1.0" / "ebin" / "rabbit.app").is_file()
