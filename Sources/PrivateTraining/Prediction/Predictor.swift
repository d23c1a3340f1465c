import Datasets
import NeuralNetworks
import Planning
import Tensors

/// A trained model at work: features in, logits out.
public final class Predictor {
  public let network: Network
  private let engine: GradientEngine
  private let parameters: [Float]

  /// - Parameters:
  ///   - architecture: as the model was trained.
  ///   - model: the parameters by their torch names, as in `model.safetensors`.
  /// - Throws: `NetworkError` for parameters that do not fit, `TensorError` for sizes out of reach.
  public init(_ architecture: ModelArchitecture, model: Safetensors, execution: Execution = Execution()) throws {
    network = try Network(architecture)
    parameters = try network.parameters(from: model)
    engine = try GradientEngine(
      network: network,
      configuration: EngineConfiguration(
        batchSize: 64, backend: execution.backend, threads: execution.threads, mode: .batch))
  }

  /// The outputs of the first `count` examples, [count] + the network's output shape. Only public examples: what a model
  /// says about private ones would be a release that nobody paid for.
  ///
  /// - Throws: `NetworkError` for examples that do not fit the network; `TensorError`.
  public func logits(of publicExamples: PublicExamples, count: Int) throws -> [[Float]] {
    let examples = publicExamples.examples
    let total = min(max(count, 0), examples.count), batchSize = engine.configuration.batchSize
    let width = network.outputShape.count
    var answer: [[Float]] = []
    for start in stride(from: 0, to: total, by: batchSize) {
      let rows = min(batchSize, total - start)
      for row in 0..<rows { try engine.load(row: row, example: start + row, of: examples) }
      engine.clear(rows: rows..<batchSize)
      try engine.evaluate(parameters: parameters)
      for row in 0..<rows { answer.append(Array(engine.outputs.slice(row * width, width))) }
    }
    return answer
  }
}
