"""A package, so that this folder's conftest is not taken for the one above."""
