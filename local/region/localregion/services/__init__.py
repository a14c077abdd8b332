"""Real services and processes of this machine: Postgres, RabbitMQ, and what starts, watches and ends them."""
