"""The OpenAPI 3.1 description of the HTTP API, built from models of its bodies: `make openapi` writes it.

https://spec.openapis.org/oas/v3.1.1. What a body is stands in `models`, which call answers what in `operations`.
"""
