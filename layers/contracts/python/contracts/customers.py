"""What a stack's configuration and the function `operations` both say of a customer."""

import re

# A customer's name is the `customer_id` of its orders, and the `custom_id` of Kong's consumer.
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
# Where no other limit is named; in each of Kong's nodes by itself.
REQUESTS_PER_SECOND = 100
