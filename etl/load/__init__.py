"""From documents and decisions to files under ``out/``: writes, and decides nothing."""
