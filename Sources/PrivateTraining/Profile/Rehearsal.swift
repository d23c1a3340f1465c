import Datasets
import NeuralNetworks
import Planning

/// A run of a plan's own parts on synthetic examples of the plan's shapes, with clocks.
final class Rehearsal {
  struct Clocks {
    var data = 0.0
    var forward = 0.0
    var backward = 0.0
    var norms = 0.0
    var clippedSum = 0.0
    var noise = 0.0
    var update = 0.0
  }

  let descent: Descent
  private let exampleCount: Int32
  private var samplerSeconds = 0.0
  private var sample: [Int32] = []

  /// Enough different examples that they do not all stay in the cache, and no more memory than a run itself would take.
  private static let exampleLimit = 4096

  /// - Throws: as `Descent.init`.
  init(_ plan: TrainingPlan, execution: Execution) throws {
    let key = try AttemptKey()
    let network = try Network(plan.architecture)
    let examples = Self.examples(plan, network)
    exampleCount = Int32(examples.count)
    // The sampler walks over the registered number of examples, as in the run; its picks are folded onto the few.
    descent = try Descent(
      plan, network: network, examples: examples, sampledCount: min(plan.sampling.datasetSize, Int(Int32.max)),
      key: key, execution: execution, initialParameters: try initialParameters(of: network, key: key),
      checkpoint: nil)
  }

  var clocks: Clocks {
    let engine = descent.engine.durations, sweep = descent.update.seconds
    return Clocks(
      data: samplerSeconds + descent.gradients.dataSeconds, forward: engine.forward, backward: engine.backward,
      norms: engine.norms, clippedSum: engine.gradientSum, noise: sweep.noise, update: sweep.update)
  }

  /// Makes the next step.
  func advance() throws {
    let start = ContinuousClock.now
    try descent.draw(into: &sample)
    for i in sample.indices { sample[i] %= exampleCount }
    samplerSeconds += (ContinuousClock.now - start) / .seconds(1)
    try descent.advance(sample, isTimed: true)
  }

  /// Features spread over [0, 1), or tokens over the vocabulary, and targets over the classes; what they are does not
  /// matter to the time.
  private static func examples(_ plan: TrainingPlan, _ network: Network) -> Examples {
    let size = network.inputShape.count
    let count = max(1, min(plan.dataset.exampleCount, exampleLimit, 64_000_000 / (size + network.targetCount)))
    var state: UInt32 = 1
    func draw() -> UInt32 {
      // A linear congruential generator (Numerical Recipes, third edition, §7.1.5).
      state = state &* 1_664_525 &+ 1_013_904_223
      return state >> 8
    }
    let features = (0..<count * size).map { _ in
      if let vocabulary = network.vocabulary { Float(Int(draw()) % vocabulary) } else { Float(draw()) * 0x1p-24 }
    }
    // Zeros and ones are targets of every loss.
    let classes = network.loss.isOfClasses ? network.classCount : 2
    let targets = (0..<count * network.targetCount).map { Float($0 % classes) }
    return Examples(
      features: features, shape: plan.dataset.inputShape.dimensions, targets: targets,
      targetCount: network.targetCount, classCount: network.loss.isOfClasses ? classes : nil,
      vocabularySize: network.vocabulary)
  }
}
