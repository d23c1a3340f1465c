import NeuralNetworks
import Tensors
import Testing

/// Against brute force in float64 (Tests/Golden/README.md): every backend, every book-keeping method, 1 and 2 threads.
@Suite struct GoldenTests {
  struct Setting: Sendable, CustomTestStringConvertible {
    let golden: GoldenCase
    let backend: BackendKind
    let method: BookKeeping
    var testDescription: String { "\(golden.name) \(backend.rawValue) \(method.rawValue)" }
  }

  static let settings: [Setting] = GoldenCase.all.flatMap { golden in
    BackendKind.allCases.flatMap { backend in
      (golden.name == "tutorial_cnn" ? BookKeeping.allCases : [.ghost]).map {
        Setting(golden: golden, backend: backend, method: $0)
      }
    }
  }

  static func engine(_ setting: Setting, _ loaded: GoldenCase.Loaded, threads: Int = 1) throws -> GradientEngine {
    var configuration = EngineConfiguration(batchSize: loaded.count, backend: setting.backend, threads: threads)
    configuration.blockSize = threads == 1 ? nil : 1
    if setting.golden.name == "tutorial_cnn" {
      configuration.bookKeeping = ["c1": setting.method, "c2": setting.method]
    }
    return try loaded.engine(configuration)
  }

  @Test(arguments: settings) func agrees(_ setting: Setting) throws {
    let loaded = try setting.golden.load()
    for threads in [1, 2] {
      let engine = try Self.engine(setting, loaded, threads: threads)
      try engine.run(parameters: loaded.parameters)
      let file = loaded.file
      #expect(relativeError(engine.logits, file.doubles("out")!) < 1e-5)
      #expect(worstRelativeDifference(engine.losses, file.doubles("losses")!) < 1e-5)
      #expect(worstRelativeDifference(engine.squaredNorms.map { $0.squareRoot() }, file.doubles("norms")!) < 1e-5)

      let parameterNorms = file.doubles("param_norms")!
      for (p, parameter) in loaded.network.parameters.enumerated() {
        let norms = try #require(engine.squaredNorms(of: parameter.name)).map { $0.squareRoot() }
        let expected = (0..<loaded.count).map { parameterNorms[$0 * loaded.network.parameters.count + p] }
        #expect(worstRelativeDifference(norms, expected) < 1e-5, "\(parameter.name)")
      }

      let ones = [Float](repeating: 1, count: loaded.count)
      for (prefix, factors) in [
        ("sum", ones), ("abadi", factors(file, "abadi")), ("abadi2", factors(file, "abadi2")),
        ("autos", factors(file, "autos")),
      ] {
        let sum = try engine.gradientSum(factors)
        for parameter in loaded.network.parameters {
          let expected = file.doubles("\(prefix).\(parameter.name)")!
          #expect(relativeError(sum[parameter.range], expected) < 1e-5, "\(prefix).\(parameter.name)")
        }
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
    try engine.run(parameters: loaded.parameters)
    for (prefix, key) in [("abadi", "C"), ("abadi2", "C2")] {
      let clippingNorm = try #require(loaded.file.metadata[key].flatMap(Double.init))
      let factors = engine.squaredNorms.map { Float(1 / max(1, $0.squareRoot() / clippingNorm)) }
      #expect(relativeError(try engine.gradientSum(factors), loaded.gradients(prefix)) < 1e-5)
    }
  }

  /// Ordinary training: the same sum without norms.
  @Test(arguments: settings) func batchModeGivesTheSum(_ setting: Setting) throws {
    let loaded = try setting.golden.load()
    let engine = try loaded.engine(
      EngineConfiguration(batchSize: loaded.count, backend: setting.backend, threads: 2, mode: .batch))
    try engine.run(parameters: loaded.parameters)
    let ones = [Float](repeating: 1, count: loaded.count)
    #expect(relativeError(try engine.gradientSum(ones), loaded.gradients("sum")) < 1e-5)
  }
}
