"""The database's instance and its proxy: whether they are there, what they have left, how long one waits."""

from functools import partial

from components.alarms.model import Alarm, Metric
from components.alarms.watched import Watched

MEBIBYTE, GIBIBYTE = 2**20, 2**30
# Of 1 GiB and of 8 GiB and more: below that PostgreSQL begins to swap.
FREE_MEMORY_MIN = {True: 64 * MEBIBYTE, False: 512 * MEBIBYTE}
# Below that a burst of some minutes ends at the instance's baseline.
CREDITS_MIN = 30
# The proxy's metric is in microseconds; a client waits five seconds at most.
BORROW_MAX_US = 100_000


def alarms_of(watched: Watched) -> dict[str, Alarm]:
    return {**_instance(watched), **_proxy(watched)}


def _instance(watched: Watched) -> dict[str, Alarm]:
    of_instance = partial(Metric, namespace="AWS/RDS", dimensions={"DBInstanceIdentifier": watched.database})
    load = "DBLoadRelativeToNumVCPUs" if watched.has_insights else "CPUUtilization"
    alarms = {
        "database-load": Alarm(
            metrics={"load": of_instance(name=load, statistic="Average")},
            threshold=1 if watched.has_insights else 80,
            periods=3,
            meaning="The database has more to do than it has processors for.",
        ),
        "database-memory": Alarm(
            metrics={"free": of_instance(name="FreeableMemory", statistic="Average")},
            threshold=FREE_MEMORY_MIN[watched.has_credits],
            is_above=False,
            periods=3,
            meaning="The database's memory is nearly used up.",
        ),
        "database-storage": Alarm(
            metrics={"free": of_instance(name="FreeStorageSpace", statistic="Minimum")},
            threshold=5 * GIBIBYTE,
            is_above=False,
            meaning="Less than 5 GiB are free; storage grows by itself up to its maximum.",
        ),
    }
    if watched.has_credits:
        alarms["database-credits"] = Alarm(
            metrics={"credits": of_instance(name="CPUCreditBalance", statistic="Minimum")},
            threshold=CREDITS_MIN,
            is_above=False,
            periods=3,
            meaning="The instance's processor credits are nearly used up.",
        )
    return alarms


def _proxy(watched: Watched) -> dict[str, Alarm]:
    of_proxy = partial(Metric, namespace="AWS/RDS", dimensions={"ProxyName": watched.database_proxy})
    target = {"ProxyName": watched.database_proxy, "TargetGroup": "default", "TargetRole": "READ_WRITE"}
    borrowed = of_proxy(name="DatabaseConnectionsCurrentlyBorrowed", statistic="Maximum")
    return {
        "database-availability": Alarm(
            metrics={
                "percent": Metric(
                    namespace="AWS/RDS", name="AvailabilityPercentage", dimensions=target, statistic="Average"
                )
            },
            threshold=50,
            is_above=False,
            period_s=60,
            periods=3,
            meaning="The proxy does not reach the database for three minutes.",
        ),
        "database-connections": Alarm(
            metrics={
                "borrowed": borrowed,
                "allowed": of_proxy(name="MaxDatabaseConnectionsAllowed", statistic="Minimum"),
            },
            expression="borrowed / allowed",
            threshold=0.8,
            periods=3,
            meaning="Four fifths of the connections that the proxy may open are in use.",
        ),
        "database-borrowing": Alarm(
            metrics={"microseconds": of_proxy(name="DatabaseConnectionsBorrowLatency", statistic="Average")},
            threshold=BORROW_MAX_US,
            periods=3,
            meaning="Functions wait more than 100 ms for a connection.",
        ),
        "proxy-pinning": Alarm(
            metrics={"pinned": of_proxy(name="DatabaseConnectionsCurrentlySessionPinned", statistic="Minimum")},
            periods=3,
            meaning="A client pins its connection (SET, prepared statements): the proxy cannot share it.",
        ),
    }
