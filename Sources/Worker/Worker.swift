// Worker: see README.md, Architecture.
