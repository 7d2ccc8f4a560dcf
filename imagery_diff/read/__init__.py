"""Files -> nouns. Imports nothing, so that listing AOIs does not load a raster library."""
