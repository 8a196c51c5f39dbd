"""Pure functions from a record to a document: no file, no clock, no network."""
