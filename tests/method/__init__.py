"""Tests of the method: a package so that names may repeat."""
