"""Pure parts of the RabbitMQ node."""

from localregion.services.rabbitmq import password_hash


def test_passwords_are_hashed_as_rabbitmq_documents_it() -> None:
    # The worked example of https://www.rabbitmq.com/docs/passwords#computing-password-hash.
    salt = bytes.fromhex("908dc60a")
    assert password_hash("test12", salt=salt) == "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR"
