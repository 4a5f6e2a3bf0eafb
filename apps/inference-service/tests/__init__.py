"""Tests with real models, real servers and real files."""
