"""The local system's services and their supervisor: what `make up`, `make down` and their neighbours run."""
