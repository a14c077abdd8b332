"""What functions use of AWS without its SDK, whose import costs a third of a second: secrets, RDS tokens, metrics.

Requests are signed as https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html says; the tests
compare every signature with botocore's. Metrics are lines of the function's log and no requests.
"""

from aws.passwords import broker_credentials, database_password
from aws.secrets_manager import get_secret

__all__ = ["broker_credentials", "database_password", "get_secret"]
