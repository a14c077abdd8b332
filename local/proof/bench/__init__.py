"""`make bench`: what the system costs beside what it could cost, as ratios from one run on one machine."""
