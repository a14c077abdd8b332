"""What the gateway is configured with: the declarative configuration's entities, their fields, `kong.conf`."""
