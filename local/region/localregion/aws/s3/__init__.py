"""S3 as far as a program needs it to hand an object over: put, get and head, in the plan's buckets."""
