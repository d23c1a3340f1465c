import Tensors

/// What an engine computes beside the losses.
public enum GradientMode: Hashable, Sendable {
  /// Per-example gradient norms, and weighted sums of per-example gradients: what DP-SGD needs.
  case perExample
  /// Weighted sums only: ordinary training, with no norms.
  case batch
}

/// How an engine runs. The defaults are right unless something was measured.
public struct EngineConfiguration: Hashable, Sendable {
  public var backend: BackendKind
  /// Rows of the physical batch. All of them are computed at every step, whatever they hold.
  public var batchSize: Int
  public var threads: Int
  public var mode: GradientMode
  /// Overrides of the method by layer name.
  public var bookKeeping: [String: BookKeeping]
  /// Bytes that all kept per-example gradients may take together; beyond it convolutions recompute or use ghost norms.
  public var keptGradientByteLimit: Int
  /// Examples that run through the whole network together on one thread; nil chooses.
  public var blockSize: Int?

  public init(
    batchSize: Int, backend: BackendKind = .oneDNN, threads: Int = 1, mode: GradientMode = .perExample,
    bookKeeping: [String: BookKeeping] = [:], keptGradientByteLimit: Int = 256 << 20, blockSize: Int? = nil
  ) {
    self.batchSize = batchSize
    self.backend = backend
    self.threads = threads
    self.mode = mode
    self.bookKeeping = bookKeeping
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
  /// The backend's own copies of the weights and the threads' partial gradient sums.
  public var parameters = 0
  /// Inputs, activations, output gradients, scratch.
  public var activations = 0
  /// What is kept per example until the clipped sum.
  public var bookKeeping = 0
  public var total: Int { parameters + activations + bookKeeping }
}

/// What an engine decided for one layer, for people to read.
public struct LayerPlan: Hashable, Sendable, CustomStringConvertible {
  /// "convolution 1×28×28 → 16×14×14, kernel 8×8/2,2".
  public let layer: String
  /// Nil for a layer without parameters.
  public let bookKeeping: BookKeeping?
  /// Bytes kept for each example of the batch until the clipped sum.
  public let keptBytesPerExample: Int

  public var description: String {
    guard let bookKeeping else { return layer }
    return "\(layer): \(bookKeeping.rawValue), \(keptBytesPerExample) bytes an example"
  }
}
