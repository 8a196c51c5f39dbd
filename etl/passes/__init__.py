"""What a worker does with a chunk of members, in each of the two passes over them.

The facts pass reads identity, names and dates, and keeps a draft of each document; the transform
pass reads the body of each member again and writes the clean documents, to part files where there
are many workers. What comes of it depends on the members and the decisions alone, never on chunks,
workers or time.
"""

from etl.passes.facts_pass import Rows, facts_state, gather
from etl.passes.transform_pass import Chunk, Options, chunks, files_of, transform, transform_state

__all__ = ["Chunk", "Options", "Rows", "chunks", "facts_state", "files_of", "gather", "transform", "transform_state"]
