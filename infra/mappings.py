"""Which queue is consumed in which batches: each of the contracts, and each queue of dead letters one by one."""

from collections.abc import Iterator, Sequence

from contracts.topology import Queue

# In practice what 6 MB hold.
BATCH_SIZE_MAX = 10_000


def mappings(queues: Sequence[Queue]) -> Iterator[tuple[str, str, int]]:
    """Yield a mapping's name, its queue and the size of its batches."""
    for queue in queues:
        yield queue.policy, queue.name, BATCH_SIZE_MAX
        yield queue.dead_letter_policy, queue.dead_letter_queue, 1
