import Datasets
import Foundation
import NeuralNetworks
import PrivateTraining
import Tensors
import Testing

/// The law that the whole guarantee rests on, replayed: with the same sample, seeds and microbatches, datasets that differ in
/// one example give sums at most the sensitivity apart, over every layer, clipping rule, size of weights and hostile example.
@Suite struct NeighbourReplayTests {
  enum Rule: String, CaseIterable {
    case flat, automatic, normalised, perParameter, microbatches

    /// In clipping norms: how far one example's presence moves the sum.
    var sensitivity: Double { self == .microbatches ? 2 : 1 }

    func groups(_ network: Network) -> [Int] {
      self == .perParameter ? Array(network.parameters.indices) : network.parameters.map { _ in 0 }
    }

    func factors(_ network: Network, norm: Double, using random: inout TestRandom) -> ClippingFactors {
      switch self {
      case .flat: return ClippingFactors(norms: [norm])
      case .automatic:
        return ClippingFactors(.automatic(gamma: pow(10, .random(in: -6...0, using: &random))), norms: [norm])
      case .normalised: return ClippingFactors(.normalised, norms: [norm])
      case .perParameter:
        // Shares of any size whose squares add up to that of the whole.
        let shares = network.parameters.map { _ in Double.random(in: 0.01...1, using: &random) }
        let total = shares.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return ClippingFactors(norms: shares.map { norm * $0 / total })
      case .microbatches: return ClippingFactors(norms: [norm], divisor: 3)
      }
    }
  }

  static let cases = 10_000
  static var combinations: [(ReplayNetwork, Rule)] {
    ReplayNetwork.allCases.flatMap { network in Rule.allCases.map { (network, $0) } }
  }

  @Test(arguments: combinations) func neighboursStayWithinTheSensitivity(kind: ReplayNetwork, rule: Rule) throws {
    let network = try kind.network()
    let engines = try Self.engines(network, rule)
    let share = Self.cases / Self.combinations.count + 1
    var far = 0
    for seed in 0..<share {
      let engine = engines[seed % engines.count]
      if try replay(
        seed, network, engine, rule,
        "\(kind), \(rule), seed \(seed), \(engine.configuration.backend) \(engine.configuration.bookKeeping)") > 0.4
      {
        far += 1
      }
    }
    #expect(far > share / 20, "the bound is often nearly reached")
  }

  /// One for each way of forming gradients that a layer has, and one that computes by plain loops.
  private static func engines(_ network: Network, _ rule: Rule) throws -> [GradientEngine] {
    let mode: GradientMode = rule == .microbatches ? .batch : .perExample
    var overrides: [[String: BookKeeping]] = [[:]]
    for method in mode == .perExample ? BookKeeping.allCases : [] {
      let layers = zip(network.nodes, network.layers).filter { _, layer in
        (layer as? any ParameterizedLayer)?.bookKeepings.contains(method) ?? false
      }
      let override = Dictionary(uniqueKeysWithValues: layers.map { ($0.0.name, method) })
      if !overrides.contains(override) { overrides.append(override) }
    }
    func engine(_ backend: BackendKind, _ override: [String: BookKeeping]) throws -> GradientEngine {
      try GradientEngine(
        network: network,
        configuration: EngineConfiguration(
          batchSize: 3, backend: backend, mode: mode, groups: rule.groups(network), bookKeeping: override))
    }
    return try overrides.map { try engine(.oneDNN, $0) } + [try engine(.reference, [:])]
  }

  /// Returns how far the removal moved the sum, in units of the bound.
  private func replay(
    _ seed: Int, _ network: Network, _ engine: GradientEngine, _ rule: Rule, _ name: String
  ) throws -> Double {
    var hostile = HostileExamples(network: network, random: TestRandom(seed * 7919 + 1))
    let examples = hostile.examples(6)
    let changed = Int.random(in: 0..<6, using: &hostile.random)
    let other = examples.replacing(changed, features: hostile.features(), targets: hostile.targets())
    let sample = (0..<Int32(6)).filter { $0 == changed || Bool.random(using: &hostile.random) }
    let norm = pow(10, Double.random(in: -3...3, using: &hostile.random))
    let factors = rule.factors(network, norm: norm, using: &hostile.random)
    let scale = [Float(0.1), 1, 30, 1000].randomElement(using: &hostile.random)!
    let parameters = network.initialParameters(.torch, using: &hostile.random).map { $0 * scale }
    func sum(_ examples: Examples, _ sample: [Int32]) throws -> [Float] {
      let gradients = try ClippedGradientSum(
        engine: engine, examples: examples, microbatchCount: rule == .microbatches ? 2 : nil, key: knownKey(seed))
      return try gradients.sum(of: sample, step: seed, parameters: parameters, factors: factors)
    }
    let base = try sum(examples, sample)
    let removed = try sum(examples, sample.filter { $0 != changed })
    let replaced = try sum(other, sample)
    #expect(base.allSatisfy(\.isFinite) && removed.allSatisfy(\.isFinite) && replaced.allSatisfy(\.isFinite), "\(name)")
    let bound = rule.sensitivity * norm
    let (moved, exchanged) = (distance(base, removed), distance(base, replaced))
    #expect(moved <= bound, "\(name): removing moved the sum by \(moved) of \(bound)")
    #expect(exchanged <= 2 * bound, "\(name): replacing moved the sum by \(exchanged) of \(2 * bound)")
    return moved / bound
  }

  private func distance(_ left: [Float], _ right: [Float]) -> Double {
    zip(left, right).reduce(0) { $0 + pow(Double($1.0) - Double($1.1), 2) }.squareRoot()
  }
}

extension Examples {
  func replacing(_ example: Int, features new: [Float], targets newTargets: [Float]) -> Examples {
    var features = features, targets = targets
    features.replaceSubrange(example * elementCount..<(example + 1) * elementCount, with: new)
    targets.replaceSubrange(example * targetCount..<(example + 1) * targetCount, with: newTargets)
    return Examples(
      features: features, shape: shape, targets: targets, targetCount: targetCount, classCount: classCount,
      vocabularySize: vocabularySize)
  }
}
