import NeuralNetworks
import Tensors
import Testing

/// Against brute force in float64 (Tests/Golden/README.md): every backend, every book-keeping method, 1 and 2 threads.
@Suite struct GoldenTests {
  struct Setting: Sendable, CustomTestStringConvertible {
    let golden: GoldenCase
    let backend: BackendKind
    /// Which of `Network.everyMethod`.
    let choice: Int
    var testDescription: String { "\(golden.name) \(backend.rawValue) \(choice)" }
  }

  static let settings: [Setting] = GoldenCase.all.flatMap { golden in
    BackendKind.allCases.flatMap { backend in
      (0..<(golden.nodes.contains { $0.operation.hasSeveralMethods } ? 4 : 1)).map {
        Setting(golden: golden, backend: backend, choice: $0)
      }
    }
  }

  static func engine(
    _ setting: Setting, _ loaded: GoldenCase.Loaded, threads: Int = 1,
    _ change: (inout EngineConfiguration) -> Void = { _ in }
  ) throws -> GradientEngine {
    var configuration = EngineConfiguration(batchSize: loaded.count, backend: setting.backend, threads: threads)
    configuration.blockSize = threads == 1 ? nil : 1
    let choices = loaded.network.everyMethod
    configuration.bookKeeping = choices[min(setting.choice, choices.count - 1)]
    change(&configuration)
    return try loaded.engine(configuration)
  }

  @Test(arguments: settings) func agrees(_ setting: Setting) throws {
    let loaded = try setting.golden.load()
    for threads in [1, 2] {
      let engine = try Self.engine(setting, loaded, threads: threads)
      let file = loaded.file
      try engine.evaluate(parameters: loaded.parameters)
      #expect(relativeError(engine.outputs, file.doubles("out")!) < 1e-5)
      #expect(worstRelativeDifference(engine.losses, file.doubles("losses")!) < 1e-5)

      let ones = [Float](repeating: 1, count: loaded.count)
      for (prefix, factors) in [
        ("sum", ones), ("abadi", factors(file, "abadi")), ("abadi2", factors(file, "abadi2")),
        ("autos", factors(file, "autos")),
      ] {
        let sum = try engine.gradientSum(loaded.parameters, factors: factors)
        for parameter in loaded.network.parameters {
          let expected = file.doubles("\(prefix).\(parameter.name)")!
          #expect(relativeError(sum[parameter.range], expected) < 1e-5, "\(prefix).\(parameter.name)")
        }
      }
      #expect(worstRelativeDifference(engine.losses, file.doubles("losses")!) < 1e-5)
      #expect(worstRelativeDifference(engine.squaredNorms.map { $0.squareRoot() }, file.doubles("norms")!) < 1e-5)

      let parameterNorms = file.doubles("param_norms")!
      for parameter in loaded.network.parameters {
        let p = try #require(loaded.parameterOrder.firstIndex(of: parameter.name))
        let norms = try #require(engine.parameterSquaredNorms(of: parameter.name)).map { $0.squareRoot() }
        let expected = (0..<loaded.count).map { parameterNorms[$0 * loaded.network.parameters.count + p] }
        #expect(worstRelativeDifference(norms, expected) < 1e-5, "\(parameter.name)")
      }
    }
  }

  private func factors(_ file: Safetensors, _ name: String) -> [Float] {
    file.doubles("factor.\(name)")!.map { Float($0) }
  }

  /// Flat clipping with factors from our own norms, not the file's.
  @Test(arguments: settings) func clipsToTheGivenNorm(_ setting: Setting) throws {
    let loaded = try setting.golden.load()
    let engine = try Self.engine(setting, loaded)
    for (prefix, key) in [("abadi", "C"), ("abadi2", "C2")] {
      let rule = FlatClipping(clippingNorm: try #require(loaded.file.metadata[key].flatMap(Double.init)))
      #expect(relativeError(try engine.gradientSum(loaded.parameters, rule), loaded.gradients(prefix)) < 1e-5)
    }
  }

  /// A norm and a factor for every parameter tensor.
  @Test(arguments: settings) func clipsEveryParameter(_ setting: Setting) throws {
    let loaded = try setting.golden.load()
    let engine = try Self.engine(setting, loaded) { $0.groups = Array(loaded.network.parameters.indices) }
    let rule = FlatClipping(clippingNorm: try #require(loaded.file.metadata["perparam_C"].flatMap(Double.init)))
    let sum = try engine.gradientSum(loaded.parameters, rule)
    for parameter in loaded.network.parameters {
      let expected = loaded.file.doubles("perparam.\(parameter.name)")!
      #expect(relativeError(sum[parameter.range], expected) < 1e-5, "\(parameter.name)")
    }
  }

  /// Ordinary training: the same sum without norms.
  @Test(arguments: settings) func batchModeGivesTheSum(_ setting: Setting) throws {
    let loaded = try setting.golden.load()
    let engine = try loaded.engine(
      EngineConfiguration(batchSize: loaded.count, backend: setting.backend, threads: 2, mode: .batch))
    #expect(relativeError(try engine.gradientSum(loaded.parameters), loaded.gradients("sum")) < 1e-5)
  }

  /// The literature's ways of clipping give the same sums.
  @Test(arguments: GoldenCase.all, GradientStrategy.allCases)
  func strategiesAgree(_ golden: GoldenCase, _ strategy: GradientStrategy) throws {
    let loaded = try golden.load()
    for backend in BackendKind.allCases {
      let engine = try loaded.engine(
        EngineConfiguration(batchSize: loaded.count, backend: backend, threads: 2, strategy: strategy, blockSize: 2))
      for (prefix, key) in [("abadi", "C"), ("abadi2", "C2")] {
        let rule = FlatClipping(clippingNorm: try #require(loaded.file.metadata[key].flatMap(Double.init)))
        #expect(relativeError(try engine.gradientSum(loaded.parameters, rule), loaded.gradients(prefix)) < 1e-5)
      }
    }
  }
}

extension LayerConfiguration {
  fileprivate var hasSeveralMethods: Bool {
    switch self {
    case .convolution, .lstm, .gru, .scaledDotProductAttention: true
    default: false
    }
  }
}
