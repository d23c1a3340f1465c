// API: see README.md, Architecture.
