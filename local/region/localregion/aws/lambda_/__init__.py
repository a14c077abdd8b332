"""Lambda: functions, their execution environments, and the APIs in front of them."""
