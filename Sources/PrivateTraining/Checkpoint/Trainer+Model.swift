import NeuralNetworks

extension Trainer {
  /// The trained parameters as a safetensors file that loads into the state dictionary of the equivalent
  /// `torch.nn.Sequential` (`plan.architecture.torchModules`).
  ///
  /// - Parameter metadata: texts for whoever opens the file: the guarantee, the job, versions.
  public func model(metadata: [String: String] = [:]) -> [UInt8] {
    network.safetensors(parameters, metadata: metadata)
  }
}
