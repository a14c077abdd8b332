"""AWS's HTTP side: the server, one exchange, and errors in AWS's form."""
