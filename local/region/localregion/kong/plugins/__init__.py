"""The plugins this gateway has, and the names of those that Kong has beside them.

A plugin is one module: its name, its priority, its configuration's fields and rules, and a class with what it does in
Kong's phases: `access` answers the request or lets it pass to the next plugin, `header_filter` changes the response.
"""

from localregion.kong.plugins import (
    aws_lambda,
    correlation_id,
    cors,
    key_auth,
    pre_function,
    prometheus,
    rate_limiting,
    request_size_limiting,
    request_transformer,
    response_transformer,
    zipkin,
)

SUPPORTED = {
    plugin.name: plugin
    for plugin in (
        pre_function.PLUGIN,
        correlation_id.PLUGIN,
        zipkin.PLUGIN,
        cors.PLUGIN,
        key_auth.PLUGIN,
        request_size_limiting.PLUGIN,
        rate_limiting.PLUGIN,
        request_transformer.PLUGIN,
        response_transformer.PLUGIN,
        aws_lambda.PLUGIN,
        prometheus.PLUGIN,
    )
}

# Bundled with Kong 3.9: refused by name, where any other name is one that Kong does not know either.
BUNDLED = frozenset(
    [
        "acl",
        "acme",
        "ai-prompt-decorator",
        "ai-prompt-guard",
        "ai-prompt-template",
        "ai-proxy",
        "ai-request-transformer",
        "ai-response-transformer",
        "aws-lambda",
        "azure-functions",
        "basic-auth",
        "bot-detection",
        "correlation-id",
        "cors",
        "datadog",
        "file-log",
        "grpc-gateway",
        "grpc-web",
        "hmac-auth",
        "http-log",
        "ip-restriction",
        "jwt",
        "key-auth",
        "ldap-auth",
        "loggly",
        "oauth2",
        "opentelemetry",
        "post-function",
        "pre-function",
        "prometheus",
        "proxy-cache",
        "rate-limiting",
        "redirect",
        "request-size-limiting",
        "request-termination",
        "request-transformer",
        "response-ratelimiting",
        "response-transformer",
        "session",
        "standard-webhooks",
        "statsd",
        "syslog",
        "tcp-log",
        "udp-log",
        "zipkin",
    ]
)
