"""Deploys: a function that greets for an HTTP route, for a queue's messages and every minute."""

import json

import pulumi
import pulumi_aws as aws

FUNCTION = "greeter"
config = pulumi.Config()

trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
role = aws.iam.Role(FUNCTION, assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
greeter = aws.lambda_.Function(
    FUNCTION,
    name=FUNCTION,
    role=role.arn,
    handler=f"{FUNCTION}.handler.lambda_handler",
    runtime="python3.13",
    timeout=10,
    # `localregion package` builds it. On this machine the folder functions/greeter stands in for it.
    code=pulumi.FileArchive(f"../dist/functions/{FUNCTION}.zip"),
)

password = aws.secretsmanager.get_random_password_output(password_length=32, exclude_punctuation=True).random_password
login = aws.secretsmanager.Secret("broker", name="hello/broker")
version = aws.secretsmanager.SecretVersion(
    "broker",
    secret_id=login.id,
    secret_string=pulumi.Output.secret(pulumi.Output.json_dumps({"username": "hello", "password": password})),
)
fields = version.secret_string.apply(json.loads)
broker = aws.mq.Broker(
    "broker",
    broker_name="hello",
    engine_type="RabbitMQ",
    engine_version="4.2",
    host_instance_type="mq.m7g.medium",
    users=[{"username": "hello", "password": fields["password"]}],
)
aws.lambda_.EventSourceMapping(
    "hello",
    event_source_arn=broker.arn,
    function_name=greeter.arn,
    queues="hello",
    source_access_configurations=[{"type": "BASIC_AUTH", "uri": login.arn}],
)

aws.scheduler.Schedule(
    "every-minute",
    schedule_expression="rate(1 minute)",
    flexible_time_window={"mode": "OFF"},
    target={"arn": greeter.arn, "role_arn": role.arn, "input": json.dumps({"schedule": "every-minute"})},
)


class Gateway(pulumi.ComponentResource):
    """Kong. Here its two inputs are all; in AWS this is where its load balancer and its tasks would be made."""

    def __init__(self, name: str, *, version: str, declarative_config: dict) -> None:
        inputs = {"version": version, "declarative_config": declarative_config}
        super().__init__("hello:gateway:Gateway", name, inputs)


invoke = {
    "function_name": FUNCTION,
    "aws_region": "us-east-1",
    "awsgateway_compatible": True,
    "is_proxy_integration": True,
    # By default the tail of the function's log is sent to the client.
    "log_type": "None",
    **(config.get_object("lambdaEndpoint") or {}),
}
plugin = {"name": "aws-lambda", "config": invoke}
route = {"name": "hello", "paths": ["/hello"], "strip_path": False, "plugins": [plugin]}
Gateway("gateway", version="3.9.3", declarative_config={"_format_version": "3.0", "routes": [route]})
