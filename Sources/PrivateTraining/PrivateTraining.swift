// PrivateTraining: see README.md, Architecture.
