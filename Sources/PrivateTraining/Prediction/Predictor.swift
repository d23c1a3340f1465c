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

  /// The logits of the first `count` examples, [count, classes]. Only public examples: what a model says about private
  /// ones would be a release that nobody paid for.
  ///
  /// - Throws: `NetworkError.count` where the examples have another size than the network's input; `TensorError`.
  public func logits(of publicExamples: PublicExamples, count: Int) throws -> [[Float]] {
    let examples = publicExamples.examples
    let size = examples.elementCount
    guard size == network.inputShape.count else {
      throw NetworkError.count(what: "features of an example", expected: network.inputShape.count, got: size)
    }
    let total = min(max(count, 0), examples.count), batchSize = engine.configuration.batchSize
    var answer: [[Float]] = []
    for start in stride(from: 0, to: total, by: batchSize) {
      let rows = min(batchSize, total - start)
      try examples.features.withUnsafeBufferPointer { features in
        for row in 0..<rows {
          let example = start + row
          // The label takes part in the loss only, which is not read here.
          try engine.load(row: row, features: features.extracting(example * size..<(example + 1) * size), label: 0)
        }
      }
      if rows < batchSize { engine.clear(rows: rows..<batchSize) }
      try engine.evaluate(parameters: parameters)
      for row in 0..<rows {
        answer.append(Array(engine.outputs.extracting(row * network.classCount..<(row + 1) * network.classCount)))
      }
    }
    return answer
  }
}
