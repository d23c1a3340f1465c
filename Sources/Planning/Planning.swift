// Planning: see README.md, Architecture.
