import Glibc
import NeuralNetworks
import Planning
import Tensors

/// How a trainer uses the machine. Results differ between settings by rounding only.
public struct Execution: Hashable, Sendable {
  public var backend: BackendKind
  /// At least 1.
  public var threads: Int
  /// Whether each layer's way of forming gradients is found by timing, on synthetic values; otherwise by a model of the
  /// cost, which is the same at every start.
  public var timesMethods: Bool

  /// - Parameter threads: nil takes as many as there are processors.
  public init(backend: BackendKind = .oneDNN, threads: Int? = nil, timesMethods: Bool = true) {
    self.backend = backend
    self.timesMethods = timesMethods
    self.threads = threads ?? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
  }

  /// - Parameter checkpoint: whose methods are used again, so that a resumed run rounds as the first attempt did.
  func engine(
    for plan: TrainingPlan, network: Network, resuming checkpoint: Checkpoint? = nil
  ) -> EngineConfiguration {
    EngineConfiguration(
      batchSize: plan.physicalBatchSize, backend: backend, threads: threads, mode: plan.gradientMode,
      groups: plan.groups(of: network), strategy: plan.method.strategy, bookKeeping: checkpoint?.bookKeeping ?? [:],
      timesMethods: timesMethods)
  }

  /// Threads for the sweep over the parameters; nil where there is one thread, which needs no pool.
  func updatePool() throws(TensorError) -> WorkerPool? {
    threads > 1 ? try WorkerPool(members: threads) : nil
  }
}

extension TrainingPlan {
  /// Microbatches are plain sums until they are whole.
  var gradientMode: GradientMode {
    guard let mechanism, mechanism.microbatches == nil else { return .batch }
    return .perExample
  }

  /// Whether the parameter of that name is trained; one that the plan does not know is not.
  var isTrained: (String) -> Bool {
    let names = Set(architecture.parameters.filter(\.isTrained).map(\.name))
    return { names.contains($0) }
  }

  /// By parameter of the network: the group it is clipped with, −1 for a frozen one.
  func groups(of network: Network) -> [Int] {
    var groups: [String: Int] = [:]
    let parameters = architecture.parameters
    for (index, parameter) in parameters.enumerated() where parameter.isTrained {
      groups[parameter.name] =
        if case .grouped(let all) = mechanism?.clipping { all.groupOfParameter[index] } else { 0 }
    }
    return network.parameters.map { groups[$0.name] ?? -1 }
  }
}

extension TrainingMethod {
  /// What the engine calls it.
  package var strategy: GradientStrategy {
    switch self {
    case .auto: .auto
    case .instantiate: .instantiate
    case .ghost: .ghost
    case .mixedGhost: .mixedGhost
    case .bookKeeping: .bookKeeping
    }
  }
}
