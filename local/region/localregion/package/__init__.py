"""`python -m localregion.package`: turn the functions and layers of a plan into the archives that Lambda gets.

The same sources, the same lock file and the same interpreter yield the same bytes, whenever and wherever it runs.
"""
