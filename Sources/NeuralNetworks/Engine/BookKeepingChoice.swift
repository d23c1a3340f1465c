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

/// The method of every trained layer: the caller's, the strategy's, or the fastest that fits the memory limit.
struct BookKeepingChoice {
  /// By node; nil for a layer without trained parameters.
  let byLayer: [TrainedLayer?]

  /// - Throws: `NetworkError` for an override that names no layer or that the layer does not have, groups that do not
  ///   fit, or more groups than the strategy can have; `TensorError`.
  init(
    _ network: Network, _ configuration: EngineConfiguration, sizes: BlockSizes, backend: any NumericBackend
  ) throws {
    let numbers = Dictionary(
      uniqueKeysWithValues: network.parameters.enumerated().map { ($0.element.offset, $0.offset) })
    let groups = try ParameterGroups(network, configuration.groups)
    let hasNorms = configuration.mode == .perExample
    if hasNorms, configuration.strategy.hasSecondBackwardPass, groups.count > 1 {
      throw NetworkError.parameters(
        "\(configuration.strategy.rawValue) has one factor for an example, not \(groups.count)")
    }
    let timing = MethodTiming(network, sizes: sizes, backend: backend)
    var remaining = configuration.keptGradientByteLimit / MemoryLayout<Float>.size / sizes.threads
    var unused = configuration.bookKeeping
    var choices: [TrainedLayer?] = []
    for (index, layer) in network.layers.enumerated() {
      guard let layer = layer as? any ParameterizedLayer else {
        choices.append(nil)
        continue
      }
      let name = network.nodes[index].name
      let parameters = layer.parameters.compactMap { numbers[$0.offset] }
      var wanted = layer.bookKeepings
      if let override = unused.removeValue(forKey: name) {
        guard layer.bookKeepings.contains(override) else {
          throw NetworkError.layer(
            index: index, name: name, reason: "a \(layer.label) has no \(override.rawValue) norms")
        }
        wanted = [override]
      } else if let preferences = configuration.strategy.preferences(layer) {
        wanted = [preferences.first { layer.bookKeepings.contains($0) } ?? wanted[0]]
      }
      guard parameters.contains(where: { groups.byParameter[$0] >= 0 }) else {
        choices.append(nil)
        continue
      }
      var method = wanted[0]
      if hasNorms, wanted.count > 1 {
        let fitting = try Self.fitting(layer, wanted, floats: remaining, rows: sizes.block, backend: backend)
        method = configuration.timesMethods ? try timing.fastest(fitting, index: index, layer) : fitting[0]
      }
      let kept = hasNorms ? try layer.keptCount(method, backend: backend) : 0
      remaining = max(remaining - kept * sizes.block, 0)
      choices.append(TrainedLayer(layer: layer, method: method, parameters: parameters, keptCount: kept))
    }
    if let name = unused.keys.min() { throw NetworkError.parameters("no layer with parameters is named “\(name)”") }
    byLayer = choices
  }

  /// The methods that keep no more than `floats`, and of those the ones whose scratch is within it too. What every method
  /// needs has to be had, so that the smallest always fits.
  private static func fitting(
    _ layer: any ParameterizedLayer, _ methods: [BookKeeping], floats: Int, rows: Int, backend: any NumericBackend
  ) throws(TensorError) -> [BookKeeping] {
    let frugal = try within(floats, methods) { (method) throws(TensorError) in
      let kept = try layer.keptCount(method, backend: backend)
      return kept == 0 ? 0 : try checkedProduct([kept, rows])
    }
    return try within(floats, frugal) { (method) throws(TensorError) in
      try layer.scratchCount(method, examples: rows, backend: backend)
    }
  }

  private static func within(
    _ limit: Int, _ methods: [BookKeeping], size: (BookKeeping) throws(TensorError) -> Int
  ) throws(TensorError) -> [BookKeeping] {
    var sizes: [Int] = []
    for method in methods {
      do throws(TensorError) {
        sizes.append(try size(method))
      } catch .tooLarge {
        sizes.append(.max)
      }
    }
    let limit = max(limit, sizes.min() ?? 0)
    return zip(methods, sizes).filter { $0.1 <= limit }.map(\.0)
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
