// Service: see README.md, Architecture.
