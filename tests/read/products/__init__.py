"""Tests of what each provider's file means."""
