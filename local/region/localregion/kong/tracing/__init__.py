"""Trace context, Zipkin spans and the queue that sends them."""
