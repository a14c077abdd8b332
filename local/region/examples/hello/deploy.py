"""Deploys `greeter` by boto3 alone: a broker, the function from a zip, the mapping between them; then sends a message.

The same calls deploy it to AWS. AWS_ENDPOINT_URL makes the region on this machine answer them (`localregion region`).
"""

import io
import json
import pathlib
import secrets
import zipfile

import boto3
import pika

login = {"username": "hello", "password": secrets.token_hex(16)}
secret = boto3.client("secretsmanager").create_secret(Name="hello/broker", SecretString=json.dumps(login))

mq = boto3.client("mq")
broker = mq.create_broker(
    BrokerName="hello",
    EngineType="RABBITMQ",
    EngineVersion="4.2",
    HostInstanceType="mq.m7g.medium",
    DeploymentMode="SINGLE_INSTANCE",
    PubliclyAccessible=False,
    AutoMinorVersionUpgrade=True,
    Users=[{"Username": login["username"], "Password": login["password"]}],
)
endpoint = mq.describe_broker(BrokerId=broker["BrokerId"])["BrokerInstances"][0]["Endpoints"][0]

archive = io.BytesIO()
with zipfile.ZipFile(archive, "w") as code:
    for source in pathlib.Path("functions").rglob("*.py"):
        code.write(source, source.relative_to("functions"))

trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
role = boto3.client("iam").create_role(
    RoleName="greeter", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
)
functions = boto3.client("lambda")
functions.create_function(
    FunctionName="greeter",
    Role=role["Role"]["Arn"],
    Runtime="python3.13",
    Handler="greeter.handler.lambda_handler",
    Timeout=10,
    Code={"ZipFile": archive.getvalue()},
)

parameters = pika.URLParameters(endpoint)
parameters.credentials = pika.PlainCredentials(**login)
with pika.BlockingConnection(parameters) as connection:
    channel = connection.channel()
    channel.queue_declare("hello", durable=True, arguments={"x-queue-type": "quorum"})
    functions.create_event_source_mapping(
        EventSourceArn=broker["BrokerArn"],
        FunctionName="greeter",
        Queues=["hello"],
        SourceAccessConfigurations=[{"Type": "BASIC_AUTH", "URI": secret["ARN"]}],
    )
    channel.basic_publish(exchange="", routing_key="hello", body=b"world")
print("sent: `localregion logs` shows what the function says of it")
