import NeuralNetworks
import Planning

/// The state of a run between two steps, as a safetensors file: the parameters under their names, the momentum's
/// velocity under "velocity.NAME", and as metadata the step and the digest of the plan. No randomness and no key: the
/// next attempt draws its own.
///
/// Reading trusts nothing. Whoever resumes has compared the file's SHA-256 with the ledger's before, but a file that
/// does not fit must still be an error with a reason and never a wrong run.
struct Checkpoint {
  let step: Int
  let parameters: [Float]
  /// Empty without momentum.
  let velocity: [Float]

  private static let format = "epsilond checkpoint 1"
  private static let velocityPrefix = "velocity."

  init(step: Int, parameters: [Float], velocity: [Float]) {
    self.step = step
    self.parameters = parameters
    self.velocity = velocity
  }

  func encoded(network: Network, plan: TrainingPlan) throws(RandomnessError) -> [UInt8] {
    var tensors = Self.tensors(parameters, of: network, prefix: "")
    if !velocity.isEmpty { tensors += Self.tensors(velocity, of: network, prefix: Self.velocityPrefix) }
    let metadata = ["format": Self.format, "plan": try planDigest(plan), "step": String(step)]
    return Safetensors.encode(tensors, metadata: metadata)
  }

  /// - Throws: `CheckpointError`; `RandomnessError` if the plan's digest cannot be computed.
  init(_ bytes: [UInt8], network: Network, plan: TrainingPlan) throws {
    let file: Safetensors
    do throws(SafetensorsError) {
      file = try Safetensors(bytes)
    } catch {
      throw CheckpointError.malformed(String(describing: error))
    }
    step = try Self.step(in: file.metadata, plan: plan)
    parameters = try Self.values(in: file, of: network, prefix: "")
    let hasMomentum = plan.optimizer.momentum > 0
    velocity = hasMomentum ? try Self.values(in: file, of: network, prefix: Self.velocityPrefix) : []
    let expected = network.parameters.count * (hasMomentum ? 2 : 1)
    guard file.entries.count == expected else {
      throw CheckpointError.tensors("\(file.entries.count) tensors where the plan has \(expected)")
    }
  }

  private static func step(in metadata: [String: String], plan: TrainingPlan) throws -> Int {
    guard metadata["format"] == format else {
      throw CheckpointError.metadata("“format” is not “\(format)”: not a checkpoint of this version")
    }
    guard let text = metadata["step"], let step = Int(text), String(step) == text, 0...plan.steps ~= step else {
      throw CheckpointError.metadata("“step” is not a number from 0 to the plan's \(plan.steps)")
    }
    guard metadata["plan"] == (try planDigest(plan)) else { throw CheckpointError.otherPlan }
    guard metadata.count == 3 else { throw CheckpointError.metadata("there are keys beside format, plan and step") }
    return step
  }

  private static func tensors(_ values: [Float], of network: Network, prefix: String) -> [Safetensors.Tensor] {
    network.parameters.map {
      Safetensors.Tensor(name: prefix + $0.name, shape: $0.shape.dimensions, values: Array(values[$0.range]))
    }
  }

  private static func values(
    in file: Safetensors, of network: Network, prefix: String
  ) throws(CheckpointError) -> [Float] {
    var values: [Float] = []
    values.reserveCapacity(network.parameterCount)
    for slice in network.parameters {
      let name = prefix + slice.name
      guard let entry = file.entry(named: name) else { throw .tensors("“\(name)” is missing") }
      guard entry.shape == slice.shape.dimensions, let tensor = file.floats(name) else {
        throw .tensors("“\(name)” is \(entry.type.rawValue) \(entry.shape), not F32 \(slice.shape.dimensions)")
      }
      guard tensor.allSatisfy(\.isFinite) else { throw .tensors("“\(name)” holds a value that is not finite") }
      values += tensor
    }
    return values
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
