import Accounting
import Planning

/// What is promised about a trained model, and on what the promise rests.
struct Guarantee: Encodable {
  /// An upper bound; nil where none is finite.
  let epsilon: Double?
  let delta: Double
  let adjacency: Adjacency
  /// Whom one example belongs to.
  let unit: String
  let accountant: String
  /// The Rényi order at which ε was found; nil for pure differential privacy.
  let order: Double?
  let noiseMultiplier: Double
  let clippingNorm: Double
  let noiseStandardDeviation: Double
  let sensitivity: Double
  let samplingProbability: Double
  let steps: Int
  /// What leaves the protected side, all of it covered by ε.
  let released: [String]
  let assumptions: [String]
  let notCovered: [String]
  let randomness: String
  let arithmetic: String
  /// The claim in one sentence.
  let sentence: String

  enum CodingKeys: String, CodingKey {
    case epsilon, delta, adjacency, unit, accountant, order, sensitivity, steps, released, assumptions, randomness
    case arithmetic, sentence
    case noiseMultiplier = "noise_multiplier"
    case clippingNorm = "clipping_norm"
    case noiseStandardDeviation = "noise_standard_deviation"
    case samplingProbability = "sampling_probability"
    case notCovered = "not_covered"
  }

  /// Nil for a plan without privacy.
  init?(plan: TrainingPlan, unit: String) throws {
    guard let mechanism = plan.mechanism else { return nil }
    let bound = try RenyiAccountant(event: plan.event, relation: mechanism.relation).epsilon(delta: mechanism.delta)
    epsilon = bound.epsilon.isFinite ? bound.epsilon : nil
    order = bound.order.flatMap { $0.isFinite ? $0 : nil }
    delta = mechanism.delta
    adjacency = mechanism.adjacency
    self.unit = unit
    accountant = "Rényi divergence, order optimised (Mironov 2017; Mironov, Talwar, Zhang 2019)"
    noiseMultiplier = mechanism.noiseMultiplier
    clippingNorm = mechanism.clippingNorm
    noiseStandardDeviation = mechanism.noiseStandardDeviation
    sensitivity = mechanism.sensitivity
    samplingProbability = plan.sampling.probability
    steps = plan.steps
    released = [
      "the model's trained parameters after every step (the published ones are in model.safetensors)",
      "everything computed from them, such as accuracy on the public evaluation set",
    ]
    assumptions = Self.assumptions(plan, unit: unit)
    notCovered = [
      "the choice of hyperparameters, if it was made by looking at results of other runs: those runs are charged to the "
        + "budget one by one, and the choice among them costs nothing more",
      "the number of examples, the shapes, the scaling constants and the evaluation set, which are public by declaration",
      "several examples of one person: the unit of this guarantee is one \(unit)",
      "the time that steps take: the times of the job's events show it for each block of steps, and the sizes of the "
        + "samples have a share in it",
    ]
    randomness = "sampling and noise from AES-256-CTR, keyed afresh by the kernel's getrandom for each attempt"
    arithmetic =
      "ideal-arithmetic guarantee: float32 gradients and float64 Gaussian noise stand for real numbers; attacks on the "
      + "last bits of floating point are not accounted for"
    sentence = Self.sentence(
      epsilon: bound.epsilon, delta: mechanism.delta, adjacency: mechanism.adjacency, unit: unit)
  }

  private static func assumptions(_ plan: TrainingPlan, unit: String) -> [String] {
    let sampling = plan.sampling
    let ownership =
      unit == Self.example
      ? []
      : [
        "each \(unit) owns at most one example of the dataset: examples are what the trainer samples and clips, and nothing "
          + "checks whose they are"
      ]
    return ownership + mechanismAssumptions(plan) + [
      "every step draws its batch by Poisson sampling: each of the examples independently with probability "
        + "\(sampling.probability); the trainer does so",
      "the clipped sum is divided by \(plan.denominator), a public constant, whatever the batch; a step on an empty batch adds "
        + "its noise and counts",
      "an observer may see the parameters after every step, and knows all but one example",
    ]
  }

  /// What clipping, microbatches and given weights add.
  private static func mechanismAssumptions(_ plan: TrainingPlan) -> [String] {
    var assumptions: [String] = []
    if case .adaptive(let adaptive) = plan.mechanism?.clipping {
      assumptions.append(
        "the clipping norm follows a noisy count of the gradients within it (standard deviation "
          + "\(adaptive.countStandardDeviation), an example counting as plus or minus 1/2), which every step releases too and "
          + "the price includes; the noise on the sum is in proportion to the norm of its step")
    }
    if let microbatches = plan.mechanism?.microbatches {
      assumptions.append(
        "gradients are clipped by microbatches, \(microbatches.count) in a step, to which a keyed hash assigns each example: "
          + "one example changes one microbatch, by up to twice the clipping norm")
    }
    if plan.initialWeights != nil {
      assumptions.append("the initial weights were not learnt from this dataset, or that was paid for elsewhere")
    }
    return assumptions
  }

  /// The unit that the trainer works in; any other rests on an assumption.
  private static let example = "example"

  private static func sentence(epsilon: Double, delta: Double, adjacency: Adjacency, unit: String) -> String {
    let change =
      switch adjacency {
      case .addOrRemoveOne: "adding or removing one \(unit)"
      case .replaceOne: "replacing one \(unit) by another"
      case .zeroOut: "leaving out what one \(unit) contributes"
      }
    return
      "(ε, δ)-differentially private with ε = \(DecimalText.roundedUp(epsilon)) and δ = \(delta) with respect to "
      + "\(change)\(unit == Self.example ? "" : ", if each owns at most one example")"
  }
}

/// Numbers for people.
enum DecimalText {
  /// At most three decimals, never below the value.
  static func roundedUp(_ value: Double) -> String {
    var thousandths = (value * 1000).rounded(.up)
    guard thousandths.isFinite, thousandths < 1e15 else { return "\(value)" }
    // The product may have been rounded down to a whole number.
    if thousandths / 1000 < value { thousandths += 1 }
    return fixed(Int(thousandths), decimals: 3)
  }

  /// Rounded to the nearest, with `decimals` decimals, 1 … 9.
  static func rounded(_ value: Double, decimals: Int) -> String {
    let scale = (0..<decimals).reduce(1.0) { scale, _ in scale * 10 }
    let scaled = (value * scale).rounded()
    guard abs(scaled) < 1e15 else { return "\(value)" }
    return fixed(Int(scaled), decimals: decimals)
  }

  private static func fixed(_ scaled: Int, decimals: Int) -> String {
    let digits = String(scaled.magnitude)
    let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
    return (scaled < 0 ? "-" : "") + padded.dropLast(decimals) + "." + padded.suffix(decimals)
  }
}
