"""What the system costs and how far each part goes, counted from the program as it is deployed."""
