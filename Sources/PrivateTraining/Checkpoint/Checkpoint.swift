import NeuralNetworks
import Planning

/// The state of a run between two steps, as a safetensors file: the parameters as "parameter.NAME", what the optimizer
/// remembers of them as "optimizer.WHAT.NAME", their average as "average.NAME"; and as metadata the step, the digest of the
/// plan, the clipping norm of the next step where that is learnt, and how each layer's gradients are formed, so that a
/// resumed run rounds as the first attempt did. No randomness and no key: the next attempt draws its own.
///
/// Reading trusts nothing. Whoever resumes has compared the file's SHA-256 with the ledger's before, but a file that
/// does not fit must still be an error with a reason and never a wrong run.
struct Checkpoint {
  let step: Int
  /// C of the next step; nil without a mechanism.
  let clippingNorm: Double?
  /// By layer.
  let bookKeeping: [String: BookKeeping]
  let parameters: [Float]
  /// Of the trained parameters, as in `ParameterState`.
  let memory: [[Float]]
  /// Of the trained parameters; empty without an average.
  let average: [Float]

  private static let format = "epsilond checkpoint 2"

  init(_ descent: Descent) {
    step = descent.step
    clippingNorm = descent.clippingNorm
    bookKeeping = descent.engine.methods
    parameters = Array(descent.state.parameters)
    memory = descent.state.memory.map { Array($0) }
    average = descent.state.average.map { Array($0) } ?? []
  }

  // MARK: Writing

  func encoded(network: Network, plan: TrainingPlan) throws(RandomnessError) -> [UInt8] {
    let layout = CheckpointLayout(network, plan)
    var tensors = layout.all.map { layout.tensor("parameter", $0, of: parameters) }
    for (name, values) in zip(plan.optimizer.rule.memoryNames, memory) {
      tensors += layout.trained.map { layout.tensor("optimizer." + name, $0, of: values) }
    }
    if !average.isEmpty { tensors += layout.trained.map { layout.tensor("average", $0, of: average) } }
    var metadata = ["format": Self.format, "plan": try planDigest(plan, network), "step": String(step)]
    metadata["methods"] = network.nodes.compactMap { bookKeeping[$0.name]?.rawValue }.joined(separator: " ")
    // Swift prints the shortest decimal that reads back as the same double.
    if case .adaptive = plan.mechanism?.clipping { metadata["clipping_norm"] = clippingNorm.map { "\($0)" } }
    return Safetensors.encode(tensors, metadata: metadata)
  }

  // MARK: Reading

  /// - Throws: `CheckpointError`; `RandomnessError` if the plan's digest cannot be computed.
  init(_ bytes: [UInt8], network: Network, plan: TrainingPlan) throws {
    let file: Safetensors
    do throws(SafetensorsError) {
      file = try Safetensors(bytes)
    } catch {
      throw CheckpointError.malformed(String(describing: error))
    }
    let metadata = CheckpointMetadata(file.metadata)
    try metadata.requireFormat(Self.format, plan, network)
    step = try metadata.step(limit: plan.steps)
    clippingNorm = try metadata.clippingNorm(plan)
    let layout = CheckpointLayout(network, plan)
    bookKeeping = try metadata.bookKeeping(network, layout)
    try metadata.requireNothingElse()
    parameters = try layout.values("parameter", layout.all, in: file)
    var memory: [[Float]] = []
    for name in plan.optimizer.rule.memoryNames {
      memory.append(try layout.values("optimizer." + name, layout.trained, in: file))
    }
    self.memory = memory
    average = plan.averageDecay == nil ? [] : try layout.values("average", layout.trained, in: file)
    let copies = memory.count + (plan.averageDecay == nil ? 0 : 1)
    let expected = layout.all.count + copies * layout.trained.count
    guard file.entries.count == expected else {
      throw CheckpointError.tensors("\(file.entries.count) tensors where the plan has \(expected)")
    }
  }
}

/// Why bytes are not a checkpoint of this run.
public enum CheckpointError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Not a safetensors file; the text names the byte.
  case malformed(String)
  /// A metadata field is missing or wrong.
  case metadata(String)
  /// It was written under another plan.
  case otherPlan
  /// A tensor is missing, too many, of another shape or type, or not finite.
  case tensors(String)

  public var description: String {
    switch self {
    case .malformed(let reason): "the checkpoint is not a safetensors file: \(reason)"
    case .metadata(let reason): "the checkpoint's metadata: \(reason)"
    case .otherPlan: "the checkpoint was written under another training plan"
    case .tensors(let reason): "the checkpoint's tensors: \(reason)"
    }
  }
}
