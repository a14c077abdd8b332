"""The broker as Amazon MQ reports it: whether it is there, what waits in it, and how near its limits are."""

from functools import partial

from components.alarms.model import Alarm, Metric
from components.alarms.watched import Watched


def alarms_of(watched: Watched) -> dict[str, Alarm]:
    of_broker = partial(Metric, namespace="AWS/AmazonMQ", dimensions={"Broker": watched.broker})
    return {
        "broker-silent": Alarm(
            metrics={"samples": of_broker(name="SystemCpuUtilization", statistic="SampleCount")},
            threshold=1,
            is_above=False,
            period_s=60,
            periods=5,
            missing="breaching",
            meaning="The broker reports nothing for five minutes.",
        ),
        "queue-depth": Alarm(
            metrics={"ready": of_broker(name="MessageReadyCount", statistic="Minimum")},
            threshold=10_000,
            periods=3,
            meaning="More than a batch waits for fifteen minutes: the consumer is too slow, or its mapping stopped.",
        ),
        # The ratio of the worst node: the largest value of one metric, divided by the smallest of the other.
        "broker-memory": Alarm(
            metrics={
                "used": of_broker(name="RabbitMQMemUsed", statistic="Maximum"),
                "limit": of_broker(name="RabbitMQMemLimit", statistic="Minimum"),
            },
            expression="used / limit",
            threshold=0.8,
            meaning="At its memory limit RabbitMQ blocks publishers; the outbox takes over.",
        ),
        "broker-disk": Alarm(
            metrics={
                "limit": of_broker(name="RabbitMQDiskFreeLimit", statistic="Maximum"),
                "free": of_broker(name="RabbitMQDiskFree", statistic="Minimum"),
            },
            expression="limit / free",
            threshold=0.5,
            meaning="At its disk limit RabbitMQ blocks publishers; the outbox takes over.",
        ),
    }
