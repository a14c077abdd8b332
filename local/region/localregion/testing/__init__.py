"""For tests of a program that runs here: real Postgres and RabbitMQ, stopped and frozen at will."""
