"""Tests of the reading package."""
