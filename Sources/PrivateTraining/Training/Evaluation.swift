import NeuralNetworks

/// How good a model is on public examples.
public struct Evaluation: Hashable, Sendable {
  /// Share of examples whose greatest logit is that of their label, in 0 … 1. An example with a NaN among its logits
  /// counts as wrong.
  public let accuracy: Double
  /// Mean softmax cross-entropy in nats; nil where it is not finite, because the model has diverged.
  public let loss: Double?
  public let count: Int
}

extension Trainer {
  /// Measures the parameters as they are now. Only public examples: the figures are meant to be shown, and on private
  /// ones they would be a release nobody paid for.
  ///
  /// - Precondition: there is at least one example.
  /// - Throws: `TrainingError.shape` or `.classes` for examples that do not fit the plan; `TensorError`.
  public func evaluate(on publicExamples: PublicExamples) throws -> Evaluation {
    let examples = publicExamples.examples
    precondition(examples.count > 0, "an accuracy needs an example")
    try Self.check(examples, against: plan)
    let size = network.inputShape.count, batchSize = engine.configuration.batchSize
    var correct = 0
    var loss = 0.0
    for start in stride(from: 0, to: examples.count, by: batchSize) {
      let rows = min(batchSize, examples.count - start)
      try examples.features.withUnsafeBufferPointer { features in
        for row in 0..<rows {
          let example = start + row
          try engine.load(
            row: row, features: features.extracting(example * size..<(example + 1) * size),
            label: examples.label(of: example))
        }
      }
      if rows < batchSize { engine.clear(rows: rows..<batchSize) }
      try engine.evaluate(parameters: parameters)
      for row in 0..<rows {
        loss += engine.losses[row]
        if predictedClass(row) == examples.label(of: start + row) { correct += 1 }
      }
    }
    let count = Double(examples.count)
    return Evaluation(
      accuracy: Double(correct) / count, loss: loss.isFinite ? loss / count : nil, count: examples.count)
  }

  /// The place of the first greatest logit; nil if one is NaN.
  private func predictedClass(_ row: Int) -> Int? {
    let logits = engine.outputs.extracting(row * network.classCount..<(row + 1) * network.classCount)
    var best = 0
    for (place, logit) in logits.enumerated() {
      if logit.isNaN { return nil }
      if logit > logits[best] { best = place }
    }
    return best
  }
}
