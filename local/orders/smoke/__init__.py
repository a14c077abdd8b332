"""Check any deployment from outside, over HTTP: one order, its invoice, its cancellation, replays, refusals, health."""
