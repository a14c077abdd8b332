"""The OpenAPI 3.1 description of the HTTP API, built from the contracts: `make openapi` writes it.

https://spec.openapis.org/oas/v3.1.1. What a body is stands in `contracts`; here is which call answers what.
"""
