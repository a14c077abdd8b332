"""What clients meet: the load balancer's answers and how long they take, and Kong behind it."""

from functools import partial

from components.alarms.model import Alarm, Metric, counted
from components.alarms.watched import Watched

# A share of fewer requests in five minutes says little: one of ten would be an alarm at night.
REQUESTS_MIN = 50
SHARE_MAX = 0.05
# An order waits half a second for a broker that does not confirm, and for one that is slow to connect.
LATENCY_MAX_S = 2
# Of a period: what each configurator reports, and how many of all reports may come a moment later than in it.
REPORTS = 5
LATE_REPORTS = 3


def alarms_of(watched: Watched) -> dict[str, Alarm]:
    return {**_answers(watched), **_kong(watched)}


def _answers(watched: Watched) -> dict[str, Alarm]:
    of_balancer = partial(Metric, namespace="AWS/ApplicationELB", dimensions={"LoadBalancer": watched.balancer})
    requests, failed = of_balancer(name="RequestCount"), of_balancer(name="HTTPCode_Target_5XX_Count")
    refused = of_balancer(name="HTTPCode_ELB_5XX_Count")
    return {
        "gateway-5xx": Alarm(
            metrics={"requests": requests, "failed": failed},
            expression=share("FILL(failed, 0)", "FILL(requests, 0)", at_least=REQUESTS_MIN),
            threshold=SHARE_MAX,
            meaning="Kong answers one request in twenty with 5xx: a function fails or is throttled.",
        ),
        "balancer-5xx": Alarm(
            metrics={"requests": requests, "refused": refused},
            # What meets no target is no request to the balancer.
            expression=share("FILL(refused, 0)", "(FILL(requests, 0) + FILL(refused, 0))", at_least=REQUESTS_MIN),
            threshold=SHARE_MAX,
            meaning="The load balancer itself answers one request in twenty with 5xx: Kong does not.",
        ),
        "latency": Alarm(
            metrics={"seconds": of_balancer(name="TargetResponseTime", statistic="p99")},
            threshold=LATENCY_MAX_S,
            periods=3,
            meaning="For fifteen minutes one request in a hundred takes more than two seconds.",
        ),
    }


def _kong(watched: Watched) -> dict[str, Alarm]:
    targets = {"TargetGroup": watched.target_group, "LoadBalancer": watched.balancer}
    of_targets = partial(Metric, namespace="AWS/ApplicationELB", dimensions=targets)
    return {
        "gateway-away": Alarm(
            metrics={"healthy": of_targets(name="HealthyHostCount", statistic="Maximum")},
            threshold=1,
            is_above=False,
            period_s=60,
            periods=3,
            # A group without any target reports nothing.
            missing="breaching",
            meaning="No Kong is healthy for three minutes: nothing is answered.",
        ),
        "unhealthy-hosts": Alarm(
            metrics={"unhealthy": of_targets(name="UnHealthyHostCount", statistic="Minimum")},
            periods=3,
            meaning="A task of Kong is unhealthy for fifteen minutes.",
        ),
        "gateway-configuration": Alarm(
            # Each configurator reports once a minute, so one that is silent is missing among the samples.
            metrics={
                "failures": counted(watched.configurator, "GatewayConfigurationFailures"),
                "reports": counted(watched.configurator, "GatewayConfigurationFailures", "SampleCount"),
                "hosts": of_targets(name="HealthyHostCount", statistic="Minimum"),
            },
            expression=f"IF(failures > 0 OR reports < {REPORTS} * hosts - {LATE_REPORTS}, 1, 0)",
            periods=2,
            missing="breaching",
            meaning="For ten minutes a Kong does not get its customers, or its configurator does not report.",
        ),
    }


def share(part: str, whole: str, *, at_least: int) -> str:
    """The expression for a part of a whole, 0 where the whole is too small to tell."""
    return f"IF({whole} >= {at_least}, {part} / {whole}, 0)"
