import NeuralNetworks
import Planning
import Tensors

/// How a trainer uses the machine. Results differ between settings by rounding only.
public struct Execution: Hashable, Sendable {
  public var backend: BackendKind
  /// At least 1.
  public var threads: Int

  public init(backend: BackendKind = .reference, threads: Int = 1) {
    self.backend = backend
    self.threads = threads
  }

  func engine(for plan: TrainingPlan) -> EngineConfiguration {
    EngineConfiguration(
      batchSize: plan.physicalBatchSize, backend: backend, threads: threads,
      mode: plan.mechanism == nil ? .batch : .perExample)
  }

  /// Threads for the sweep over the parameters; nil where there is one thread, which needs no pool.
  func updatePool() throws(TensorError) -> WorkerPool? {
    threads > 1 ? try WorkerPool(members: threads) : nil
  }
}
