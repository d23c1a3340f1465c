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
      + Double(plan.architecture.trainedParameterCount) * Self.assumedSecondsPerParameter
      + batches * Self.assumedSecondsPerPhysicalBatch
    seconds = step * Double(plan.steps)
  }
}
