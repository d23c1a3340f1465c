// Datasets: see README.md, Architecture.
