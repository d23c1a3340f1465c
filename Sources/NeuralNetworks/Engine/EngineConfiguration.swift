import Tensors

/// What an engine computes beside the losses.
public enum GradientMode: String, Hashable, Sendable {
  /// A factor for each example from its own gradient's norm: what DP-SGD needs.
  case perExample = "per_example"
  /// The plain sum of the gradients: ordinary training, with no norms.
  case batch
}

/// How an engine runs. The defaults are right unless something was measured.
public struct EngineConfiguration: Hashable, Sendable {
  public var backend: BackendKind
  /// Rows of the physical batch. All of them are computed at every step, whatever they hold.
  public var batchSize: Int
  public var threads: Int
  public var mode: GradientMode
  /// By parameter of the network: the number, from 0, of the group whose norm and factor it shares; −1 for a frozen
  /// parameter, which has no norm and whose part of the gradient sum means nothing. Nil puts all into one group.
  public var groups: [Int]?
  public var strategy: GradientStrategy
  /// Overrides of the method by layer name: `GradientEngine.methods` of an earlier engine makes one that computes as it
  /// did.
  public var bookKeeping: [String: BookKeeping]
  /// Whether strategy `auto` times the methods that no override decides, instead of going by a model of the cost. Another
  /// engine may then choose otherwise, and its sums differ by rounding; give `bookKeeping` to repeat a run to the bit.
  public var timesMethods: Bool
  /// Bytes that all kept per-example gradients, and the scratch for norms, may take together under strategy `auto`.
  public var keptGradientByteLimit: Int
  /// Examples that run through the whole network together on one thread; nil chooses.
  public var blockSize: Int?

  public init(
    batchSize: Int, backend: BackendKind = .oneDNN, threads: Int = 1, mode: GradientMode = .perExample,
    groups: [Int]? = nil, strategy: GradientStrategy = .auto, bookKeeping: [String: BookKeeping] = [:],
    timesMethods: Bool = false, keptGradientByteLimit: Int = 256 << 20, blockSize: Int? = nil
  ) {
    self.batchSize = batchSize
    self.backend = backend
    self.threads = threads
    self.mode = mode
    self.groups = groups
    self.strategy = strategy
    self.bookKeeping = bookKeeping
    self.timesMethods = timesMethods
    self.keptGradientByteLimit = keptGradientByteLimit
    self.blockSize = blockSize
  }
}

/// Seconds that member 0's thread has spent in each part, since the engine was made or `resetDurations` was called.
public struct PhaseDurations: Hashable, Sendable {
  public var forward = 0.0
  public var backward = 0.0
  public var norms = 0.0
  public var gradientSum = 0.0

  public init() {}
}

/// Bytes that an engine holds.
public struct EngineMemory: Hashable, Sendable {
  /// The backend's own copies of the weights and the threads' accumulators.
  public var parameters = 0
  /// Inputs, outputs, and one block's activations, gradients of activations and scratch for each thread.
  public var activations = 0
  /// What is kept of an example between its norm and the clipped sum.
  public var bookKeeping = 0
  public var total: Int { parameters + activations + bookKeeping }
}

/// What an engine decided for one layer, for people to read.
public struct LayerPlan: Hashable, Sendable, CustomStringConvertible {
  /// The node's name; it may be empty.
  public let name: String
  /// "convolution 1×28×28 → 16×14×14, kernel 8×8/2,2".
  public let layer: String
  /// Nil for a layer without parameters that are trained.
  public let bookKeeping: BookKeeping?
  /// Bytes kept for each example of a block until the clipped sum.
  public let keptBytesPerExample: Int

  public var description: String {
    guard let bookKeeping else { return layer }
    return "\(layer): \(bookKeeping.rawValue), \(keptBytesPerExample) bytes an example"
  }
}
