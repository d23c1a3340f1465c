import NeuralNetworks
import Planning

/// The metadata of a file that may be no checkpoint.
final class CheckpointMetadata {
  private let fields: [String: String]
  private var read: Set<String> = []

  init(_ fields: [String: String]) { self.fields = fields }

  private subscript(name: String) -> String? {
    read.insert(name)
    return fields[name]
  }

  func requireFormat(_ format: String, _ plan: TrainingPlan, _ network: Network) throws {
    guard self["format"] == format else {
      throw CheckpointError.metadata("“format” is not “\(format)”: not a checkpoint of this version")
    }
    guard self["plan"] == (try planDigest(plan, network)) else { throw CheckpointError.otherPlan }
  }

  func step(limit: Int) throws(CheckpointError) -> Int {
    guard let text = self["step"], let step = Int(text), String(step) == text, 0...limit ~= step else {
      throw .metadata("“step” is not a number from 0 to the plan's \(limit)")
    }
    return step
  }

  func clippingNorm(_ plan: TrainingPlan) throws(CheckpointError) -> Double? {
    guard case .adaptive = plan.mechanism?.clipping else { return plan.mechanism?.clippingNorm }
    let range = AdaptiveClipping.normRange
    guard let text = self["clipping_norm"], let norm = Double(text), String(norm) == text, range ~= norm else {
      throw .metadata("“clipping_norm” is not a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return norm
  }

  /// One word for each layer that has trained parameters, in the network's order.
  func bookKeeping(
    _ network: Network, _ layout: CheckpointLayout
  ) throws(CheckpointError) -> [String: BookKeeping] {
    let words = self["methods"]?.split(separator: " ", omittingEmptySubsequences: false) ?? []
    let trained = Set(layout.trained.map(\.name))
    var methods: [String: BookKeeping] = [:]
    var rest = words[...]
    for (node, layer) in zip(network.nodes, network.layers) {
      guard let layer = layer as? any ParameterizedLayer,
        layer.parameters.contains(where: { trained.contains($0.name) })
      else { continue }
      guard let word = rest.popFirst(), let method = BookKeeping(rawValue: String(word)),
        layer.bookKeepings.contains(method)
      else { throw .metadata("“methods” does not name a method for layer “\(node.name)”") }
      methods[node.name] = method
    }
    guard rest.isEmpty || (words == [""] && methods.isEmpty) else {
      throw .metadata("“methods” names more methods than there are layers")
    }
    return methods
  }

  func requireNothingElse() throws(CheckpointError) {
    guard fields.count == read.count else { throw .metadata("there are keys that no checkpoint has") }
  }
}
