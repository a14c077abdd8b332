"""Answers at once: what is left is the emulator and the runtime client."""


def lambda_handler(event: object, context: object) -> dict[str, bool]:  # noqa: ARG001 - Lambda's signature
    return {"ok": True}
