// Accounting: see README.md, Architecture.
