"""The method: pure functions, arrays in, arrays out. No file, no clock, no environment, no print."""
