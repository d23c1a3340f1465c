import Foundation
import PrivateTraining

/// Timing and memory of a job in the API's spelling.
struct ProfileText: Encodable {
  let timing: Timing
  let memory: Memory
  /// What was decided for each layer.
  let plan: [String]

  /// Mean seconds of one step on synthetic data of the same shapes.
  struct Timing: Encodable {
    let data, forward, backward, norms, clippedSum, noise, update, step: Double

    enum CodingKeys: String, CodingKey {
      case data, forward, backward, norms
      case clippedSum = "clipped_sum"
      case noise, update, step
    }
  }

  /// Bytes.
  struct Memory: Encodable {
    let parameters, gradients, activations, bookKeeping, peak: Int

    enum CodingKeys: String, CodingKey {
      case parameters, gradients, activations
      case bookKeeping = "book_keeping"
      case peak
    }
  }

  init(_ profile: StepProfile) {
    let (time, space) = (profile.timing, profile.memory)
    timing = Timing(
      data: time.data, forward: time.forward, backward: time.backward, norms: time.norms,
      clippedSum: time.clippedSum, noise: time.noise, update: time.update, step: time.total)
    memory = Memory(
      parameters: space.parameters, gradients: space.gradients, activations: space.activations,
      bookKeeping: space.bookKeeping, peak: space.peak)
    plan = profile.layers
  }

  static func json(_ profile: StepProfile) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return String(decoding: try encoder.encode(ProfileText(profile)), as: UTF8.self)
  }
}
