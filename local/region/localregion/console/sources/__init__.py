"""Where the console knows things from: the system's files, Postgres, RabbitMQ, emulator, gateway, functions' logs."""
