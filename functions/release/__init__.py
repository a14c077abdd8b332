"""Runs inside the VPC at deploy time: migrates the database and declares the broker's topology and users."""
