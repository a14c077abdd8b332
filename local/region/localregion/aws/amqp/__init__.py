"""AMQP 0-9-1 as a consumer needs it: frames, content, the connection, the consumer."""
