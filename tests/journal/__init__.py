"""Tests of importer.journal."""
