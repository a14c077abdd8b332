"""The local system in containers: what prepares the services of `local/docker-compose.yml`, what says when it is up."""
