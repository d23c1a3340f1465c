/// Bytes of memory that training holds at once; `Int.max` where a count would not fit.
///
/// A physical batch goes through the network in blocks, each on one thread from its forward pass to its clipped sum. Of the
/// whole batch only inputs, targets and outputs are there at once; of a block, what is between the layers.
public struct MemoryEstimate: Hashable, Sendable, Codable {
  /// Weights, the copies that the backend packs, the optimizer's state and the average.
  public let parameters: Int
  /// The clipped sum, one for each thread.
  public let gradients: Int
  /// The batch's inputs and outputs, and for a block on each thread every layer's output, its gradient and state.
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

  /// Per-example gradients are kept where they fit into this; beyond it norms are found without them, or one by one.
  private static let keptGradientsLimit = 256 << 20
  /// A block has at most this many examples, fewer where their activations take more than `blockBytes`.
  private static let blockLimit = 32
  private static let blockBytes = 64 << 20

  /// - Parameter threads: of the worker.
  public init(_ plan: TrainingPlan, threads: Int = 2) {
    let float = MemoryLayout<Float>.size
    let architecture = plan.architecture
    let weights = saturatingProduct([architecture.parameterCount, float])
    let trained = saturatingProduct([architecture.trainedParameterCount, float])
    let state = plan.optimizer.rule.stateCount + (plan.averageDecay == nil ? 0 : 1)
    parameters = saturatingSum([saturatingProduct([weights, 2]), saturatingProduct([trained, state])])
    gradients = saturatingProduct([weights, plan.mechanism?.microbatches == nil ? threads : threads + 1])

    let perExample = saturatingSum(
      [architecture.input.elementCount]
        + architecture.layers.flatMap { [$0.output.elementCount, $0.stateCount] })
    let perExampleBytes = saturatingProduct([perExample, 2, float])
    let block = min(Self.blockLimit, max(1, Self.blockBytes / max(perExampleBytes, 1)))
    let inFlight = min(saturatingProduct([block, threads]), plan.physicalBatchSize)
    activations = saturatingSum([
      saturatingProduct([inFlight, perExampleBytes]),
      saturatingProduct([plan.physicalBatchSize, plan.heldPerExample, float]),
    ])
    bookKeeping =
      plan.mechanism == nil
      ? 0
      : min(saturatingProduct([trained, inFlight]), saturatingSum([Self.keptGradientsLimit, trained]))
    let data = [plan.dataset, plan.evaluation].compactMap { $0 }.map {
      saturatingProduct([$0.exampleCount, saturatingSum([$0.inputShape.elementCount, $0.targetCount]), float])
    }
    peak = saturatingSum([parameters, gradients, activations, bookKeeping] + data)
  }
}

extension TrainingPlan {
  /// Numbers of one example that the whole physical batch has at once: input, targets, outputs.
  var heldPerExample: Int { architecture.heldPerExample(targetCount: dataset.targetCount) }
}

extension ModelArchitecture {
  func heldPerExample(targetCount: Int) -> Int {
    saturatingSum([input.elementCount, targetCount, layers.last?.output.elementCount ?? 0])
  }
}
