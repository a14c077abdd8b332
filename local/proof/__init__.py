"""What measures and breaks the system: bench, chaos, soak."""
