"""The console's JSON API, apart from traces."""
