import Datasets
import Planning
import PrivateTraining

/// Plans for small public runs, by the same path as a job's.
struct TestJob {
  var examples = 200
  var shape = TensorShape.features(12)
  var layers: [LayerSpecification] = [.dense(units: 3, activation: nil, bias: true)]
  var batchSize = 50
  var steps = 10
  var learningRate = 0.5
  var rule = UpdateRule.sgd()
  var weightDecay = 0.0
  var schedule = ScheduleSpecification.constant
  var averageDecay: Double?
  var clippingNorm = 1.0
  var clipping = ClippingSpecification.Mode.flat
  var microbatchSize = 1
  var freeze: [String] = []
  /// Nil trains without privacy.
  var noiseMultiplier: Double? = 0.8
  var isPublic = true
  var reference = "toy/train"

  func plan() throws -> TrainingPlan {
    let facts = DatasetFacts(
      reference: reference, exampleCount: examples, inputShape: shape, classCount: 3, isPublic: isPublic)
    let privacy =
      noiseMultiplier.map { PrivacySpecification(noiseMultiplier: $0, delta: 1e-5) }
      ?? PrivacySpecification(isPrivate: false)
    let training = TrainingSpecification(
      batchSize: batchSize, steps: steps,
      optimizer: OptimizerSpecification(rule, learningRate: learningRate, weightDecay: weightDecay),
      schedule: schedule, averageDecay: averageDecay,
      clipping: noiseMultiplier == nil ? nil : ClippingSpecification(mode: clipping, norm: clippingNorm),
      microbatchSize: microbatchSize)
    return try TrainingPlan(
      JobSpecification(
        name: "toy", budget: "bud_toy", dataset: reference,
        model: ModelSpecification(.layers(layers), freeze: freeze), training: training, privacy: privacy),
      dataset: facts)
  }

  func randomExamples(_ seed: Int, scale: Float = 1) -> PublicExamples {
    var random = TestRandom(seed)
    let shape = shape.dimensions
    return PublicExamples(
      declaredPublic: PrivateTrainingTests.randomExamples(examples, shape: shape, scale: scale, using: &random))
  }

  static let knownKey = [UInt8](32..<64)

  static let convolutional: [LayerSpecification] = [
    .conv2d(filters: 4, kernel: Extent(3), strides: Extent(2), padding: .same, activation: .relu, bias: true),
    .maxPool2d(window: Extent(2), strides: Extent(1)),
    .conv2d(filters: 5, kernel: Extent(2), strides: Extent(1), padding: .valid, activation: .tanh, bias: false),
    .flatten, .dense(units: 3, activation: nil, bias: true),
  ]
}

extension PublicExamples {
  func dropLast() -> PublicExamples {
    let count = examples.count - 1
    return PublicExamples(
      declaredPublic: Examples(
        features: Array(examples.features.dropLast(examples.elementCount)), shape: examples.shape,
        targets: Array(examples.targets[..<count]), classCount: examples.classCount))
  }
}

extension Execution {
  /// Two trainers of one plan compute alike: nothing is decided by timing.
  static let repeatable = Execution(timesMethods: false)
}
