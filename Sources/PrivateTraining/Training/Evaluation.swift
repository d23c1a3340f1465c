import NeuralNetworks
import Tensors

/// How good a model is on public examples.
public struct Evaluation: Hashable, Sendable {
  /// Share of predictions that are right, in 0 … 1: of classes, the greatest logit's; of sequences, at each position that
  /// has a target; of yes and no, whether the logit is above 0. A prediction with a NaN among its logits counts as
  /// wrong. Nil for real targets.
  public let accuracy: Double?
  /// Mean loss of an example; nil where it is not finite, because the model has diverged.
  public let loss: Double?
  public let count: Int
}

extension Trainer {
  /// Measures what would be published now. Only public examples: the figures are meant to be shown, and on private
  /// ones they would be a release nobody paid for.
  ///
  /// - Precondition: there is at least one example.
  /// - Throws: `TrainingError` for examples that do not fit the plan; `NetworkError`, `TensorError`.
  public func evaluate(on publicExamples: PublicExamples) throws -> Evaluation {
    let examples = publicExamples.examples
    precondition(examples.count > 0, "an accuracy needs an example")
    try Self.check(examples, against: plan, network)
    let engine = descent.engine, parameters = published, batchSize = engine.configuration.batchSize
    var score = Score(loss: network.loss, outputs: network.classCount)
    var loss = 0.0
    for start in stride(from: 0, to: examples.count, by: batchSize) {
      let rows = min(batchSize, examples.count - start)
      for row in 0..<rows { try engine.load(row: row, example: start + row, of: examples) }
      engine.clear(rows: rows..<batchSize)
      try engine.evaluate(parameters: parameters)
      let width = network.outputShape.count
      for row in 0..<rows {
        loss += engine.losses[row]
        score.add(engine.outputs.slice(row * width, width), examples.targets(of: start + row))
      }
    }
    return Evaluation(
      accuracy: score.accuracy, loss: loss.isFinite ? loss / Double(examples.count) : nil, count: examples.count)
  }
}

/// Counts right predictions.
private struct Score {
  let loss: Loss
  /// Of one prediction of a class.
  let outputs: Int
  private var right = 0
  private var all = 0

  init(loss: Loss, outputs: Int) {
    self.loss = loss
    self.outputs = outputs
  }

  var accuracy: Double? { all > 0 ? Double(right) / Double(all) : nil }

  mutating func add(_ logits: Floats, _ targets: ArraySlice<Float>) {
    switch loss {
    case .softmaxCrossEntropy, .tokenCrossEntropy:
      for (position, target) in targets.enumerated() where target >= 0 {
        let own = logits.slice(position * outputs, outputs)
        count(greatest(own) == Int(target))
      }
    case .binaryCrossEntropy:
      for (logit, target) in zip(logits, targets) { count(!logit.isNaN && (logit > 0) == (target > 0.5)) }
    case .meanSquaredError: break
    }
  }

  private mutating func count(_ isRight: Bool) {
    all += 1
    if isRight { right += 1 }
  }

  /// The place of the first greatest logit; nil if one is NaN.
  private func greatest(_ logits: Floats) -> Int? {
    var best = 0
    for (place, logit) in logits.enumerated() {
      if logit.isNaN { return nil }
      if logit > logits[best] { best = place }
    }
    return best
  }
}
