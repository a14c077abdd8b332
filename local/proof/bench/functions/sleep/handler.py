"""Takes 5 ms without using the processor, as a function that waits for a database does."""

import time


def lambda_handler(event: object, context: object) -> dict[str, bool]:  # noqa: ARG001 - Lambda's signature
    time.sleep(0.005)
    return {"ok": True}
