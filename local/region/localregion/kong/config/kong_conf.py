"""Refuse the settings of kong.conf that change what clients or functions see: this gateway has Kong's defaults only.
nginx's limit of an address is the exception.

A setting reaches Kong as `KONG_<NAME>` in its environment, so that is where this gateway looks for what it must refuse.
Reference: https://docs.konghq.com/gateway/latest/reference/configuration/.
"""

from __future__ import annotations

from collections.abc import Mapping

from localregion.kong.config import request_limit
from localregion.kong.config.schema import NOT_SUPPORTED, ConfigurationError

_PREFIX = "KONG_"
_REFUSED = frozenset(
    {
        "allow_debug_header",
        "client_body_buffer_size",
        "client_max_body_size",
        "error_default_type",
        "error_template_html",
        "error_template_json",
        "error_template_plain",
        "error_template_xml",
        "headers",
        "headers_upstream",
        "latency_tokens",
        "lua_max_req_headers",
        "lua_max_uri_args",
        "proxy_listen",
        "real_ip_header",
        "real_ip_recursive",
        "router_flavor",
        "server_tokens",
        "trusted_ips",
    }
)
_REFUSED_PREFIXES = ("nginx_http_", "nginx_proxy_", "nginx_location_")


def refuse_settings(settings: Mapping[str, str]) -> None:
    """Raise ConfigurationError for the first setting that cannot be followed; names as in kong.conf."""
    for name in sorted(settings.keys() - request_limit.SETTINGS):
        if name in _REFUSED or name.startswith(_REFUSED_PREFIXES):
            raise ConfigurationError(f"kong.conf: '{name}' ({_PREFIX}{name.upper()}) is {NOT_SUPPORTED}")


def settings_of(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the settings of kong.conf that an environment holds."""
    return {name[len(_PREFIX) :].lower(): value for name, value in environ.items() if name.startswith(_PREFIX)}
