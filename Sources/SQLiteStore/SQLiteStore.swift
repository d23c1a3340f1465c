// SQLiteStore: see README.md, Architecture.
