// Ledger: see README.md, Architecture.
