"""From a source to raw records: reads what is there, judges nothing, imports no other room."""
