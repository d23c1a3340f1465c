/// What a run will need, worked out from its plan alone. An estimate, and to be labelled so wherever it is shown.
public struct TrainingEstimate: Hashable, Sendable {
  public let memory: MemoryEstimate
  /// Wall time of the training steps; infinite where it is beyond a double.
  public let seconds: Double

  /// The rate `seconds` assumes, in floating-point operations a second: about a third of what two cores with AVX-512
  /// reach in matrix products, which leaves room for pooling, activations and small layers.
  public static let assumedOperationsPerSecond = 6e10
  /// Noise, update and bookkeeping of one parameter in one step, in seconds.
  public static let assumedSecondsPerParameter = 3e-9
  /// Fixed cost of one physical batch, in seconds.
  public static let assumedSecondsPerPhysicalBatch = 1e-4

  public init(_ plan: TrainingPlan) {
    memory = MemoryEstimate(plan)
    let batches = (Double(plan.sampling.expectedBatchSize) / Double(plan.physicalBatchSize)).rounded(.up) + 0.5
    let examples = batches * Double(plan.physicalBatchSize)
    // Backward costs twice the forward pass: once for the input's gradient, once for the weights'.
    let operations = 3 * plan.architecture.forwardOperations * examples
    let step =
      operations / Self.assumedOperationsPerSecond
      + Double(plan.architecture.parameterCount) * Self.assumedSecondsPerParameter
      + batches * Self.assumedSecondsPerPhysicalBatch
    seconds = step * Double(plan.steps)
  }
}

/// Bytes of memory that training holds at once; `Int.max` where a count would not fit.
public struct MemoryEstimate: Hashable, Sendable, Codable {
  /// Weights, and the optimizer's momentum.
  public let parameters: Int
  /// The clipped sum.
  public let gradients: Int
  /// Every layer's output and its gradient, for one physical batch.
  public let activations: Int
  /// What the per-example norms need beside that.
  public let bookKeeping: Int
  /// All of these and the examples themselves.
  public let peak: Int

  enum CodingKeys: String, CodingKey {
    case parameters, gradients, activations
    case bookKeeping = "book_keeping"
    case peak
  }

  /// A layer keeps its per-example gradients where they fit into this; beyond it the norms are computed block by block.
  private static let keptGradientsLimit = 32_000_000

  public init(_ plan: TrainingPlan) {
    let float = MemoryLayout<Float>.size
    let weights = saturatingProduct([plan.architecture.parameterCount, float])
    let examples = plan.physicalBatchSize
    parameters = plan.optimizer.momentum > 0 ? saturatingProduct([weights, 2]) : weights
    gradients = weights
    let outputs = saturatingSum(
      [plan.architecture.input.elementCount] + plan.architecture.layers.map { $0.output.elementCount })
    activations = saturatingProduct([outputs, examples, 2, float])
    bookKeeping =
      plan.mechanism == nil
      ? 0
      : saturatingSum(
        plan.architecture.layers.map { layer in
          guard case .convolution = layer.kind else { return saturatingProduct([examples, float]) }
          return min(saturatingProduct([layer.parameterCount, examples, float]), Self.keptGradientsLimit)
        })
    let data = [plan.dataset, plan.evaluation].compactMap { $0 }.map {
      saturatingProduct([$0.exampleCount, saturatingSum([$0.inputShape.elementCount, 1]), float])
    }
    peak = saturatingSum([parameters, gradients, activations, bookKeeping] + data)
  }
}
