"""What is watched and when it is an alarm; which alarms share a cause, and which of those are told to people."""
