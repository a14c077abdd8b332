"""The two calls to AWS that functions make at start, without the SDK: importing boto3 costs a third of a second.

Requests are signed as https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html says; the tests
compare every signature with botocore's.
"""

from aws_api.passwords import PasswordSource, database_password
from aws_api.secrets_manager import get_secret

__all__ = ["PasswordSource", "database_password", "get_secret"]
