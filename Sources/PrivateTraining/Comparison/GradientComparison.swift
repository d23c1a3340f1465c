import Foundation
import NeuralNetworks
import Planning
import Tensors

/// How far this machine's per-example gradients are from a reference's.
///
/// Norms are compared with the reference's own: |got − expected| / expected for an example's whole gradient; for one
/// parameter's over the norm of the whole, since a part may be 0 in exact arithmetic. All else is compared with the largest
/// entry of what is expected: outputs, losses, and each sum over all parameters.
public struct GradientComparison: Hashable, Sendable {
  public struct Difference: Hashable, Sendable {
    /// As the reference calls it: `norms`, `param_norms`, `out`, `losses`, `sum`, `abadi`, `abadi2`, `autos`, `perparam`.
    public let name: String
    /// NaN where something was not a number.
    public let error: Double
  }

  /// One for each quantity that the reference has, in the order above.
  public let differences: [Difference]
  /// The methods of the layers with parameters.
  public let plan: [String]

  /// The largest error; NaN if one is.
  public var worst: Double {
    differences.contains { $0.error.isNaN } ? .nan : differences.map(\.error).max() ?? 0
  }

  /// - Throws: `PlanningError` for a model that does not fit the file's examples, `GradientReferenceError` for one with
  ///   other parameters or another output, `NetworkError` and `TensorError` as `GradientEngine`.
  public init(
    _ model: ModelSpecification, _ reference: GradientReference, backend: BackendKind = .oneDNN, threads: Int = 2,
    strategy: GradientStrategy = .auto
  ) throws {
    let (network, names) = try Self.network(model, reference)
    let run = try ReferenceRun(
      reference, network: network, names: names, backend: backend, threads: threads, strategy: strategy)
    var found: [Difference] = []
    func add(_ name: String, _ error: Double?) {
      if let error { found.append(Difference(name: name, error: error)) }
    }
    try run.accumulate(run.whole, .flat(.infinity))
    add("norms", run.normsError())
    add("param_norms", run.parameterNormsError())
    let sum = try run.sumError("sum", run.whole)
    try run.whole.evaluate(parameters: run.parameters)
    add("out", run.outputsError())
    add("losses", run.lossesError())
    add("sum", sum)
    for (name, rule) in Self.rules(reference) {
      try run.accumulate(run.whole, rule)
      add(name, try run.sumError(name, run.whole))
    }
    if let norm = reference.number("perparam_C"), let parts = run.parts {
      try run.accumulate(parts, .flat(norm))
      add("perparam", try run.sumError("perparam", parts))
    }
    differences = found
    plan = run.whole.plan.filter { $0.bookKeeping != nil }.map { "\($0.name): \($0)" }
  }

  private static func rules(_ reference: GradientReference) -> [(String, ReferenceRule)] {
    var rules: [(String, ReferenceRule)] = []
    if let norm = reference.number("C") { rules.append(("abadi", .flat(norm))) }
    if let norm = reference.number("C2") { rules.append(("abadi2", .flat(norm))) }
    if let gamma = reference.number("autos_gamma") { rules.append(("autos", .automatic(gamma: gamma))) }
    return rules
  }

  /// The model for the file's examples, and the file's names of its parameters.
  private static func network(
    _ model: ModelSpecification, _ reference: GradientReference
  ) throws -> (Network, [String]) {
    var model = model
    if model.loss == nil { model.loss = reference.loss }
    var failure: (any Error)?
    for input in try reference.modelInputs(model.loss ?? reference.loss) {
      do {
        let architecture = try ModelArchitecture(model, input: input)
        return (try Network(architecture), try reference.names(of: architecture.parameters))
      } catch let error as GradientReferenceError {
        failure = failure ?? error
      } catch let error as PlanningError {
        failure = failure ?? error
      }
    }
    throw failure ?? GradientReferenceError("the file has no examples")
  }
}

/// A factor as the reference has it: with no margin for rounding, unlike the trainer's.
private enum ReferenceRule: FactorRule {
  /// min(1, C/‖g‖).
  case flat(Double)
  /// 1/(‖g‖ + γ).
  case automatic(gamma: Double)

  func setFactors(
    squaredNorms: UnsafeBufferPointer<Double>, isExample: UnsafeBufferPointer<Bool>, firstRow: Int, count: Int,
    into factors: MutableFloats
  ) {
    for place in factors.indices {
      let norm = squaredNorms[place].squareRoot()
      factors[place] =
        switch self {
        case .flat(let bound): norm <= bound ? 1 : Float(bound / norm)
        case .automatic(let gamma): Float(1 / (norm + gamma))
        }
    }
  }
}

/// The engines that a comparison runs, with the file's weights and examples in them.
private struct ReferenceRun {
  let reference: GradientReference
  let network: Network
  /// By parameter of the network.
  let names: [String]
  let parameters: [Float]
  /// All parameters in one group.
  let whole: GradientEngine
  /// Each parameter in a group of its own; nil for a strategy with one factor an example.
  let parts: GradientEngine?

  init(
    _ reference: GradientReference, network: Network, names: [String], backend: BackendKind, threads: Int,
    strategy: GradientStrategy
  ) throws {
    self.reference = reference
    self.network = network
    self.names = names
    parameters = try names.flatMap { name in
      guard let values = reference.file.floats("w." + name) else {
        throw GradientReferenceError("w.\(name) is missing or not of type F32")
      }
      return values
    }
    func engine(groups: [Int]?) throws -> GradientEngine {
      let engine = try GradientEngine(
        network: network,
        configuration: EngineConfiguration(
          batchSize: reference.count, backend: backend, threads: threads, groups: groups, strategy: strategy))
      try Self.load(reference, into: engine)
      return engine
    }
    whole = try engine(groups: nil)
    parts =
      strategy == .ghost || strategy == .mixedGhost ? nil : try engine(groups: Array(network.parameters.indices))
  }

  private static func load(_ reference: GradientReference, into engine: GradientEngine) throws {
    let size = reference.features.count / reference.count
    for row in 0..<reference.count {
      try reference.features.withUnsafeBufferPointer { features in
        try reference.targets.withUnsafeBufferPointer { targets in
          try engine.load(
            row: row, features: features.extracting(row * size..<(row + 1) * size),
            targets: targets.extracting(row * reference.targetCount..<(row + 1) * reference.targetCount))
        }
      }
    }
  }

  func accumulate(_ engine: GradientEngine, _ rule: ReferenceRule) throws {
    try engine.accumulate(parameters: parameters, rule: rule)
  }

  // MARK: Errors

  func normsError() -> Double? {
    guard let expected = reference.file.doubles("norms"), expected.count == reference.count else { return nil }
    return Self.worst(zip(whole.squaredNorms, expected).map { abs($0.squareRoot() - $1) / $1 })
  }

  func parameterNormsError() -> Double? {
    guard let expected = reference.file.doubles("param_norms"), let norms = reference.file.doubles("norms"),
      expected.count == reference.count * names.count, norms.count == reference.count
    else { return nil }
    var errors: [Double] = []
    for (parameter, name) in zip(network.parameters, names) {
      guard let column = reference.parameterNames.firstIndex(of: name),
        let got = whole.parameterSquaredNorms(of: parameter.name)
      else { return .nan }
      for row in 0..<reference.count {
        errors.append(abs(got[row].squareRoot() - expected[row * names.count + column]) / norms[row])
      }
    }
    return Self.worst(errors)
  }

  func outputsError() -> Double? {
    reference.file.doubles("out").map { Self.error(whole.outputs.map(Double.init), $0) }
  }

  func lossesError() -> Double? {
    reference.file.doubles("losses").map { Self.error(Array(whole.losses), $0) }
  }

  /// Takes the sum out of the engine. Nil where the reference has none of that name.
  func sumError(_ name: String, _ engine: GradientEngine) throws -> Double? {
    var sum = Array(repeating: Float(0), count: network.parameterCount)
    try engine.takeGradient(addingTo: &sum)
    guard reference.file.entry(named: "\(name).\(names[0])") != nil else { return nil }
    let expected = try names.flatMap { parameter in
      guard let values = reference.file.doubles("\(name).\(parameter)") else {
        throw GradientReferenceError("\(name).\(parameter) is missing or not of type F64")
      }
      return values
    }
    return Self.error(sum.map(Double.init), expected)
  }

  /// The largest difference over the largest entry of what is expected.
  private static func error(_ got: [Double], _ expected: [Double]) -> Double {
    guard got.count == expected.count, let largest = expected.map(abs).max() else { return .nan }
    return worst(zip(got, expected).map { abs($0 - $1) / max(largest, .leastNormalMagnitude) })
  }

  /// The maximum, where NaN is not less than anything.
  private static func worst(_ errors: [Double]) -> Double {
    errors.contains(where: \.isNaN) ? .nan : errors.max() ?? 0
  }
}
