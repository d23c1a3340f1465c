// NeuralNetworks: see README.md, Architecture.
