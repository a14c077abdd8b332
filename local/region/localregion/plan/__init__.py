"""The plan of the system and its collector: `infra/` evaluated in this process, without Pulumi's engine or AWS."""
