import Foundation
import NeuralNetworks
import Planning

/// Per-example gradients of one network that were computed elsewhere: weights, inputs, targets, norms and clipped sums, in a
/// safetensors file whose tensors are called `x`, `y`, `w.NAME`, `out`, `losses`, `norms`, `param_norms`, `sum.NAME`,
/// `abadi.NAME`, `abadi2.NAME`, `autos.NAME` and `perparam.NAME`.
public struct GradientReference: Sendable {
  public let file: Safetensors
  /// The network's parameters in the order of the file's `param_norms`.
  public let parameterNames: [String]
  /// Examples.
  public let count: Int
  /// [count, …], tokens too.
  let features: [Float]
  /// [count, targetCount].
  let targets: [Float]
  let exampleShape: [Int]
  let hasTokens: Bool
  let targetCount: Int
  let outputShape: [Int]
  private let hasRealTargets: Bool

  /// - Throws: `GradientReferenceError` for a file of another kind.
  public init(_ file: Safetensors) throws {
    func missing(_ what: String) -> GradientReferenceError { GradientReferenceError("the file has no \(what)") }
    guard let order = file.metadata["param_order"] else { throw missing("param_order among its metadata") }
    do {
      parameterNames = try JSONDecoder().decode([String].self, from: Data(order.utf8))
    } catch {
      throw GradientReferenceError("param_order is no list of names: \(order.prefix(200))")
    }
    guard let x = file.entry(named: "x"), let y = file.entry(named: "y"), let out = file.entry(named: "out") else {
      throw missing("x, y and out")
    }
    guard let features = Self.numbers("x", file), let targets = Self.numbers("y", file), let count = x.shape.first,
      count >= 1, y.shape.first == count, out.shape.first == count, x.shape.count >= 2, !features.isEmpty,
      !targets.isEmpty
    else { throw GradientReferenceError("x, y and out have shapes \(x.shape), \(y.shape) and \(out.shape)") }
    self.file = file
    self.count = count
    self.features = features
    self.targets = targets
    exampleShape = Array(x.shape.dropFirst())
    hasTokens = x.type == .int64
    targetCount = targets.count / count
    outputShape = Array(out.shape.dropFirst())
    hasRealTargets = y.type != .int64
  }

  private static func numbers(_ name: String, _ file: Safetensors) -> [Float]? {
    file.floats(name) ?? file.integers(name)?.map(Float.init) ?? file.doubles(name)?.map(Float.init)
  }

  /// The metadata's number of that name.
  func number(_ name: String) -> Double? { file.metadata[name].flatMap(Double.init) }

  /// What the gradients are of, where a model does not say.
  var loss: LossFunction {
    let words = (file.metadata["loss"] ?? "").lowercased()
    if words.contains("binary") { return .binaryCrossEntropy }
    if words.contains("square") { return .meanSquaredError }
    if hasRealTargets { return .meanSquaredError }
    return outputShape.count == 2 ? .tokenCrossEntropy : .softmaxCrossEntropy
  }

  /// What a network for these examples is given. A vocabulary is not in the file: each number that it could be.
  func modelInputs(_ loss: LossFunction) throws -> [ModelInput] {
    guard let shape = TensorShape(dimensions: exampleShape) else {
      throw GradientReferenceError("an example of shape \(exampleShape) is no vector, sequence or image")
    }
    let classCount: Int? =
      switch loss {
      case .softmaxCrossEntropy, .tokenCrossEntropy: outputShape.last
      case .binaryCrossEntropy: 2
      case .meanSquaredError: nil
      }
    func input(_ vocabularySize: Int?) -> ModelInput {
      ModelInput(shape: shape, vocabularySize: vocabularySize, classCount: classCount, targetCount: targetCount)
    }
    guard hasTokens else { return [input(nil)] }
    guard let greatest = features.max(), let least = features.min(), least >= 0, greatest < 0x1p24 else {
      throw GradientReferenceError("x holds integers that are no tokens")
    }
    let tables = parameterNames.compactMap { file.entry(named: "w." + $0)?.shape }.filter { $0.count == 2 }.map {
      $0[0]
    }
    let sizes = [Int(greatest) + 1] + tables.filter { $0 > Int(greatest) + 1 }
    return sizes.map { input($0) }
  }

  // MARK: Parameters

  /// The names in the file of a model's parameters, in the model's order.
  ///
  /// Where all names are those of the model, they decide. Otherwise the order does: that of the model's layers, or that of
  /// torch, in which a module's own parameters come before those of the modules in it.
  /// - Throws: `GradientReferenceError` that names both sides of the first pair of different shapes.
  func names(of parameters: [ParameterTensor]) throws -> [String] {
    if Set(parameterNames) == Set(parameters.map(\.name)) { return parameters.map(\.name) }
    guard parameters.count == parameterNames.count else {
      throw GradientReferenceError(
        "the model has \(parameters.count) parameters (\(parameters.map(\.name).joined(separator: ", "))), the file "
          + "\(parameterNames.count) (\(parameterNames.joined(separator: ", ")))")
    }
    let layerOrder = Array(parameters.indices)
    let own = layerOrder.filter { !parameters[$0].name.contains(".") }
    let torchOrder = own + layerOrder.filter { parameters[$0].name.contains(".") }
    let fileHasOwn = parameterNames.contains { !$0.contains(".") }
    var failure: GradientReferenceError?
    for order in fileHasOwn ? [torchOrder, layerOrder] : [layerOrder, torchOrder] {
      guard let mismatch = mismatch(parameters, in: order) else {
        var names = Array(repeating: "", count: parameters.count)
        for (place, parameter) in order.enumerated() { names[parameter] = parameterNames[place] }
        return names
      }
      failure = failure ?? mismatch
    }
    throw failure ?? GradientReferenceError("the model has no parameters")
  }

  private func mismatch(_ parameters: [ParameterTensor], in order: [Int]) -> GradientReferenceError? {
    for (place, index) in order.enumerated() {
      let parameter = parameters[index]
      let name = parameterNames[place]
      guard let entry = file.entry(named: "w." + name), entry.shape == parameter.shape else {
        let shape = file.entry(named: "w." + name).map { "\($0.shape)" } ?? "missing"
        return GradientReferenceError(
          "parameter \(place) is \(parameter.name) \(parameter.shape) in the model and \(name) \(shape) in the file")
      }
    }
    return nil
  }
}

/// Why a file and a model cannot be compared.
public struct GradientReferenceError: Error, Hashable, Sendable, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }
}
