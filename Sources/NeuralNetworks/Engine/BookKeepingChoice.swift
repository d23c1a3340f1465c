import Tensors

/// A layer whose gradient is wanted, and how it is found.
struct TrainedLayer {
  let layer: any ParameterizedLayer
  let method: BookKeeping
  /// Numbers of its parameters in `Network.parameters`.
  let parameters: [Int]
  /// Floats an example kept from the norms to the sum.
  let keptCount: Int
}

/// The method of every trained layer: the caller's, or the layer's first that fits the memory limit.
struct BookKeepingChoice {
  /// By node; nil for a layer without trained parameters.
  let byLayer: [TrainedLayer?]

  /// - Throws: `NetworkError` for an override that names no layer or that the layer does not have, or groups that do not
  ///   fit; `TensorError`.
  init(
    _ network: Network, _ configuration: EngineConfiguration, sizes: BlockSizes, backend: any NumericBackend
  ) throws {
    let numbers = Dictionary(
      uniqueKeysWithValues: network.parameters.enumerated().map { ($0.element.offset, $0.offset) })
    let groups = try ParameterGroups(network, configuration.groups)
    var remaining = configuration.keptGradientByteLimit / MemoryLayout<Float>.size / (sizes.threads * sizes.block)
    var unused = configuration.bookKeeping
    var choices: [TrainedLayer?] = []
    for (index, layer) in network.layers.enumerated() {
      guard let layer = layer as? any ParameterizedLayer else {
        choices.append(nil)
        continue
      }
      let name = network.nodes[index].name
      let parameters = layer.parameters.compactMap { numbers[$0.offset] }
      var method = layer.bookKeepings[0]
      if let wanted = unused.removeValue(forKey: name) {
        guard layer.bookKeepings.contains(wanted) else {
          throw NetworkError.layer(
            index: index, name: name, reason: "a \(layer.label) has no \(wanted.rawValue) norms")
        }
        method = wanted
      } else if configuration.mode == .perExample {
        let kept = try layer.bookKeepings.map { try layer.keptCount($0, backend: backend) }
        // What every method keeps has to be kept.
        let limit = max(remaining, kept.min() ?? 0)
        method = zip(layer.bookKeepings, kept).first { $0.1 <= limit }?.0 ?? method
      }
      guard parameters.contains(where: { groups.byParameter[$0] >= 0 }) else {
        choices.append(nil)
        continue
      }
      let kept = configuration.mode == .perExample ? try layer.keptCount(method, backend: backend) : 0
      remaining = max(remaining - kept, 0)
      choices.append(TrainedLayer(layer: layer, method: method, parameters: parameters, keptCount: kept))
    }
    if let name = unused.keys.min() { throw NetworkError.parameters("no layer with parameters is named “\(name)”") }
    byLayer = choices
  }
}

/// Which parameters share a norm and a factor.
struct ParameterGroups {
  /// −1 for a frozen parameter.
  let byParameter: [Int]
  let count: Int

  /// - Throws: `NetworkError.parameters` for groups that are not numbered 0, 1, … by parameter.
  init(_ network: Network, _ groups: [Int]?) throws(NetworkError) {
    let groups = groups ?? [Int](repeating: 0, count: network.parameters.count)
    guard groups.count == network.parameters.count else {
      throw .parameters("\(groups.count) group numbers for \(network.parameters.count) parameters")
    }
    let used = Set(groups)
    let count = used.count - (used.contains(-1) ? 1 : 0)
    guard used.allSatisfy({ $0 >= -1 && $0 < count }) else {
      throw .parameters("parameter groups must be numbered 0, 1, … without a gap; −1 is frozen")
    }
    byParameter = groups
    self.count = count
  }
}
