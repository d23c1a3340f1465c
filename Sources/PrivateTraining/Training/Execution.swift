import Glibc
import NeuralNetworks
import Planning
import Tensors

/// How a trainer uses the machine. Results differ between settings by rounding only.
public struct Execution: Hashable, Sendable {
  public var backend: BackendKind
  /// At least 1.
  public var threads: Int

  /// - Parameter threads: nil takes as many as there are processors.
  public init(backend: BackendKind = .oneDNN, threads: Int? = nil) {
    self.backend = backend
    self.threads = threads ?? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
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
