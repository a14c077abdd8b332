"""The usual way to write both functions, with the usual packages: what their cold start is compared with."""
