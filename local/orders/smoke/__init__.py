"""Check any deployment from outside, over HTTP: one order to its invoice, a replay, refusals, health."""
