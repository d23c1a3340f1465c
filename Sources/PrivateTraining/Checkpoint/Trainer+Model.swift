import NeuralNetworks

extension Trainer {
  /// The trained parameters, or their average where the plan has one, as a safetensors file that loads into the state
  /// dictionary of the equivalent PyTorch module.
  ///
  /// - Parameter metadata: texts for whoever opens the file: the guarantee, the job, versions.
  public func model(metadata: [String: String] = [:]) -> [UInt8] {
    network.safetensors(published, metadata: metadata)
  }
}
