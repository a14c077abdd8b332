"""What the services that this project grew from do, measured once on another machine: no ratio is made of it.

They are two Node services (Fastify and Drizzle), whose consumer was given the one line that writes its invoice. They do
less: no outbox, no idempotency, no customer's key, invoices without numbers, a message read twice is invoiced twice.
"""

from proof.bench.figures import Reference

_MACHINE = "two busy processors, 22 November 2026, RabbitMQ 3.10.8, PostgreSQL 15.18, Node 20.20"
_LATER = "two processors at usual speed, a later hour"

SEED = (
    Reference("the seed drains 20,000 messages, one insert each", "5,397 msg/s (3,800..8,900)", _MACHINE),
    Reference("the seed's POST, straight to it, untraced, at 1, 8, 32 clients", "1,523, 3,192, 3,821 req/s", _MACHINE),
    Reference("the same, traced", "772, 1,350, 1,542 req/s", _MACHINE),
    Reference("its own CPU for an order, untraced, at 1, 8, 32 clients", "0.36, 0.25, 0.21 ms", _MACHINE),
    Reference("the same, traced", "0.91, 0.71, 0.64 ms", _MACHINE),
    Reference("the seed's POST traced, 8 clients, on a later machine", "1,999 req/s", _LATER),
    Reference("its own CPU traced there, at 1, 8, 32 clients", "0.77, 0.52, 0.42 ms", _LATER),
)
