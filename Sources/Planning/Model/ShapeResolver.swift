/// Walks along a network, a layer at a time, works out what each takes and gives, and lays blocks out into the operations
/// that they stand for.
///
/// Names are looked up in the list that a layer stands in. Only layers above it are there to be read, so that a network has
/// no cycles.
struct ShapeResolver {
  private(set) var layers: [ResolvedLayer] = []
  /// As the layers that read it take it.
  private(set) var input: TensorShape
  /// Whether a caller named a layer, so that a number alone does not say where its parameters belong.
  private(set) var writtenNames: Set<String> = []
  let facts: ModelInput
  let isPreset: Bool
  /// Of the written layer that is being resolved: where errors are, and what they are about.
  var place = Place()
  private var parameterCount = 0
  private var parameterNames: Set<String> = []
  private var block = -1
  private var inputIsImage = false

  /// A list of layers.
  struct Scope {
    /// Path of its torch module; empty for the network itself.
    var path = ""
    /// What "input" means: the place of an operation, or −1.
    let input: Int
    /// What a layer without `inputs` reads.
    var last: Int
    /// The next number among the torch modules.
    var slot = 0
    /// What the layers so far give, by the names that were written.
    var outputs: [String: Int] = [:]
    /// Every name that is written in the list.
    let names: Set<String>

    init(path: String, input: Int, layers: [LayerSpecification]) {
      self.path = path
      self.input = input
      last = input
      names = Set(layers.compactMap(\.name))
    }

    func module(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
  }

  struct Place {
    var pointer = "/model"
    var kind = ""
  }

  init(input: ModelInput, isPreset: Bool) {
    facts = input
    self.input = input.shape
    self.isPreset = isPreset
  }

  /// The whole network.
  mutating func append(_ written: [LayerSpecification]) throws(PlanningError) {
    guard !written.isEmpty, written.count <= ModelArchitecture.layerLimit else {
      throw PlanningError([
        FieldIssue(
          at: "/model/layers",
          "A network has 1 to \(ModelArchitecture.layerLimit) layers; this one has \(written.count).")
      ])
    }
    var scope = Scope(path: "", input: -1, layers: written)
    try append(written, to: &scope, pointer: "/model/layers")
    try requireReaders()
  }

  /// One list of layers; what the last one gives is then `scope.last`.
  mutating func append(
    _ written: [LayerSpecification], to scope: inout Scope, pointer: String
  ) throws(PlanningError) {
    for (index, layer) in written.enumerated() {
      let outer = place
      place = Place(pointer: isPreset ? "/model/preset" : "\(pointer)/\(index)", kind: layer.kind.rawValue)
      if scope.path.isEmpty { block += 1 }
      let name = try name(of: layer, in: scope)
      let inputs = try inputs(of: layer, in: scope)
      try append(layer, inputs: inputs, to: &scope)
      if let name { scope.outputs[name] = scope.last }
      place = outer
    }
  }

  // MARK: Names and readers

  private mutating func name(of layer: LayerSpecification, in scope: Scope) throws(PlanningError) -> String? {
    guard let name = layer.name else { return nil }
    guard Self.isPath(name) else {
      throw issue(
        "name",
        "A name is made of ASCII letters, digits and _, in parts with one dot between them, not \"\(name.prefix(80))\"."
      )
    }
    guard name != Self.inputName else {
      throw issue("name", "\"input\" is what the network takes: call the layer something else.")
    }
    let path = scope.module(name)
    guard writtenNames.insert(path).inserted else {
      throw issue("name", "Two layers are called \(name): give each a name of its own.")
    }
    return name
  }

  static let inputName = "input"

  private static func isPath(_ name: String) -> Bool {
    name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
      !part.isEmpty
        && part.utf8.allSatisfy { byte in
          switch byte {
          case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
          default: false
          }
        }
    }
  }

  private func inputs(of layer: LayerSpecification, in scope: Scope) throws(PlanningError) -> [Int] {
    guard let names = layer.inputs else { return [scope.last] }
    guard !names.isEmpty else {
      throw issue("inputs", "inputs names what the layer reads: at least one layer, or \"input\".")
    }
    var found: [Int] = []
    for (index, name) in names.enumerated() {
      if name == Self.inputName {
        found.append(scope.input)
      } else if let output = scope.outputs[name] {
        found.append(output)
      } else if scope.names.contains(name) {
        throw issue(
          "inputs/\(index)",
          "\(name) is not above this layer: a layer reads layers above it only, so that the network has no cycle.")
      } else {
        let known = [Self.inputName] + scope.outputs.keys.sorted()
        throw issue(
          "inputs/\(index)",
          "No layer above this one is called \(name.prefix(80)); there are \(known.joined(separator: ", ")).")
      }
    }
    return found
  }

  private func requireReaders() throws(PlanningError) {
    var isRead = Array(repeating: false, count: layers.count)
    for layer in layers {
      for input in layer.inputs where input >= 0 { isRead[input] = true }
      if case .tiedDense(let embedding) = layer.kind { isRead[embedding] = true }
    }
    guard let unread = layers.indices.dropLast().first(where: { !isRead[$0] }) else { return }
    throw PlanningError([
      FieldIssue(
        at: layers[unread].pointer, "No layer reads what this one gives: name it in another's inputs, or drop it.")
    ])
  }

  // MARK: Shapes

  func shape(_ index: Int) -> TensorShape { index < 0 ? input : layers[index].output }

  /// What an operation other than an embedding reads.
  mutating func values(_ index: Int) throws(PlanningError) -> TensorShape {
    if index < 0 {
      if facts.vocabularySize != nil {
        throw issue("An example is token ids, which mean nothing as numbers: put an embedding layer before this one.")
      }
      if case .image = input { inputIsImage = true }
    }
    return shape(index)
  }

  mutating func sequence(_ index: Int) throws(PlanningError) -> (length: Int, channels: Int) {
    if index < 0, !inputIsImage, facts.vocabularySize == nil, let sequence = input.asSequence { input = sequence }
    let shape = try values(index)
    guard case .sequence(let length, let channels) = shape else {
      let fix =
        if case .image = shape { "put a positions layer before it" } else { "it cannot follow what gives one vector" }
      throw issue("This layer takes a sequence and gets \(shape): \(fix).")
    }
    return (length, channels)
  }

  mutating func image(_ index: Int) throws(PlanningError) -> (channels: Int, height: Int, width: Int) {
    let shape = try values(index)
    guard case .image(let channels, let height, let width) = shape else {
      throw issue(
        "This layer takes an image and gets \(shape): it cannot follow a layer that gives a vector or a sequence.")
    }
    return (channels, height, width)
  }

  // MARK: Operations

  /// Adds one operation to the network and returns its place.
  /// - Parameters:
  ///   - module: its path among the torch modules; nil takes the scope's next number.
  ///   - state: numbers of one example that it keeps beside its output.
  @discardableResult
  mutating func push(
    _ kind: ResolvedLayer.Kind, inputs: [Int], output: TensorShape, module: String? = nil, to scope: inout Scope
  ) throws(PlanningError) -> Int {
    let shapes = inputs.map { shape($0) }
    let slots = max(TorchModule.modules(of: kind, inputs: shapes)?.count ?? 1, 1)
    scope.slot += slots
    let layer = ResolvedLayer(
      kind: kind, name: module ?? scope.module(String(scope.slot - 1)), inputs: inputs, pointer: place.pointer,
      block: block, inputShapes: shapes, output: output)
    try charge(layer)
    layers.append(layer)
    guard layers.count <= ModelArchitecture.operationLimit else {
      throw issue("With this layer the network has more than \(ModelArchitecture.operationLimit) operations.")
    }
    scope.last = layers.count - 1
    return scope.last
  }

  private mutating func charge(_ layer: ResolvedLayer) throws(PlanningError) {
    for (suffix, _) in layer.parameterShapes {
      let name = suffix.isEmpty ? layer.name : "\(layer.name).\(suffix)"
      guard parameterNames.insert(name).inserted else {
        throw issue("Two layers would have a parameter called \(name): give this one another name.")
      }
    }
    parameterCount = saturatingSum([parameterCount, layer.parameterCount])
    guard parameterCount <= ModelArchitecture.parameterLimit else {
      let count = parameterCount == Int.max ? "over 9.2·10^18" : "\(parameterCount)"
      throw issue(
        "With this layer the network has \(count) parameters. Weights, gradients and optimizer state would need "
          + "\(describeBytes(Double(parameterCount) * 12)) of memory; the limit is "
          + "\(ModelArchitecture.parameterLimit) parameters.")
    }
    let count = saturatingSum([layer.output.elementCount, layer.stateCount])
    guard count <= ModelArchitecture.activationLimit else {
      throw issue(
        "This layer gives \(layer.output) for one example, \(describeBytes(Double(count) * 4)) with what it keeps; the "
          + "limit is \(describeBytes(Double(ModelArchitecture.activationLimit) * 4)).")
    }
  }

  // MARK: Mistakes

  func requirePositive(_ value: Int, _ field: String) throws(PlanningError) {
    guard value >= 1 else { throw issue(field, "\(field) is at least 1, not \(value).") }
  }

  func requirePositive(_ extent: Extent, _ field: String) throws(PlanningError) {
    try requirePositive(min(extent.height, extent.width), field)
  }

  func requireEpsilon(_ epsilon: Double) throws(PlanningError) {
    guard 1e-12...1 ~= epsilon else { throw issue("epsilon", "epsilon is between 1e-12 and 1, not \(epsilon).") }
  }

  func issue(_ detail: String) -> PlanningError { issue(nil, detail) }

  /// - Parameter field: of the layer that is being resolved; a preset has none to point at.
  func issue(_ field: String?, _ detail: String) -> PlanningError {
    guard !isPreset else {
      return PlanningError([FieldIssue(at: place.pointer, "In the preset's \(place.kind) layer: \(detail)")])
    }
    return PlanningError([FieldIssue(at: place.pointer + (field.map { "/" + $0 } ?? ""), detail)])
  }
}
