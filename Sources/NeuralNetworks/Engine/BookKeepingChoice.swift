import Tensors

/// The method of every layer with parameters: the caller's, or the cheapest that fits the memory limit.
struct BookKeepingChoice {
  struct Choice {
    let layer: any ParameterizedLayer
    let method: BookKeeping
    let retention: Retention
  }

  /// Nil for a layer without parameters.
  let byLayer: [Choice?]

  /// - Throws: `NetworkError.layer` for an override that names no layer or that the layer does not have.
  init(
    _ network: Network, _ configuration: EngineConfiguration, backend: any NumericBackend
  ) throws {
    var remaining = configuration.keptGradientByteLimit / MemoryLayout<Float>.size / configuration.batchSize
    var unused = configuration.bookKeeping
    var choices: [Choice?] = []
    for (index, layer) in network.layers.enumerated() {
      guard let layer = layer as? any ParameterizedLayer else {
        choices.append(nil)
        continue
      }
      let method: BookKeeping
      if let wanted = unused.removeValue(forKey: layer.name) {
        guard layer.bookKeepings.contains(wanted) else {
          throw NetworkError.layer(index: index, reason: "a \(layer.label) has no \(wanted.rawValue) norms")
        }
        method = wanted
      } else if configuration.mode == .batch {
        // Without norms both ghost and recompute come down to one weight gradient of the whole batch.
        method = .ghost
      } else {
        method = try layer.preferredBookKeeping(keptFloatLimit: remaining, backend: backend)
      }
      let retention = try layer.retention(method, backend: backend)
      remaining -= retention.weightFloats
      choices.append(Choice(layer: layer, method: method, retention: retention))
    }
    if let name = unused.keys.min() { throw NetworkError.parameters("no layer with parameters is named “\(name)”") }
    byLayer = choices
  }

  /// Floats of scratch that one thread needs.
  func scratchCount(_ sizes: BlockSizes) throws(TensorError) -> Int {
    var most = 0
    for case let choice? in byLayer {
      let retention = choice.retention
      let rows = retention.sumsInBlocks ? sizes.block : sizes.share(0).count
      let perExample = retention.scratchPerExample == 0 ? 0 : try checkedProduct([retention.scratchPerExample, rows])
      most = max(most, perExample, retention.scratchPerBlock)
    }
    return most
  }
}
