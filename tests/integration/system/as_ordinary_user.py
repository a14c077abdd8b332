"""Start Postgres and RabbitMQ below FOLDER as whoever runs this, say "works" and end them."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.services import RunningPostgres, RunningRabbitMQ


def main(path: str) -> None:
    assert os.geteuid() != 0
    postgres = RunningPostgres(Path(path), bin_dir=None, is_durable=False)
    rabbitmq = RunningRabbitMQ(Path(path))
    with ThreadPoolExecutor() as threads:
        try:
            list(threads.map(lambda service: service.start(), (postgres, rabbitmq)))
            sys.stdout.write("works\n")
        finally:
            list(threads.map(lambda service: service.stop(), (postgres, rabbitmq)))


if __name__ == "__main__":
    main(*sys.argv[1:])
