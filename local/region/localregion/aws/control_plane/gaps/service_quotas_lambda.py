"""Service Quotas: Lambda's concurrent executions.

AWS: an account's quota in a region, 1,000 unless AWS set another. moto knows the quotas of VPC only.
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

from __future__ import annotations

from typing import Any

from moto.servicequotas.models import ServiceQuotasBackend

_QUOTA = {
    "ServiceCode": "lambda",
    "ServiceName": "AWS Lambda",
    "QuotaCode": "L-B99A9384",
    "QuotaName": "Concurrent executions",
    "Value": 1000.0,
    "Unit": "None",
    "Adjustable": True,
    "GlobalQuota": False,
}
_get = ServiceQuotasBackend.get_service_quota


def get_service_quota(self: ServiceQuotasBackend, service_code: str, quota_code: str) -> dict[str, Any]:
    if (service_code, quota_code) != (_QUOTA["ServiceCode"], _QUOTA["QuotaCode"]):
        return _get(self, service_code, quota_code)
    arn = f"arn:aws:servicequotas:{self.region_name}:{self.account_id}:{service_code}/{quota_code}"
    return {**_QUOTA, "QuotaArn": arn}


def fill() -> None:
    ServiceQuotasBackend.get_service_quota = get_service_quota  # type: ignore[method-assign]
