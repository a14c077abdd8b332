"""Break the running system on purpose and check every record afterwards: clients, a nemesis, a checker, a table."""
