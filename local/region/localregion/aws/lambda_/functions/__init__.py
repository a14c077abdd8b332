"""What belongs to a function and outlives its environments: code, logs, names, history."""
