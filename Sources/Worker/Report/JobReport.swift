import Ledger
import Planning
import PrivateTraining

/// `report.json`: what was trained, on what, and what is promised to whom. The fields follow what a complete claim of
/// differential privacy has to state (Ponomareva et al. 2023, "How to DP-fy ML", arXiv:2303.00654, §5.3.3).
struct JobReport: Encodable {
  let format = "epsilond report 1"
  let software: String
  let job: Identity
  let dataset: Data
  let evaluation: Data?
  let training: Training
  /// Nil for a run without privacy.
  let guarantee: Guarantee?
  /// On the public evaluation set.
  let metrics: [Metric]
  /// Measured on synthetic data of the same shapes, never on the private data.
  let profile: ProfileText
  let warnings: [PlanWarning]

  struct Identity: Encodable {
    let id: String
    let name: String
    let budget: String?
    let created: String
    let attempts: Int
  }

  struct Data: Encodable {
    let name: String
    let examples: Int
    let shape: [Int]
    /// Nil where targets are real numbers.
    let classes: Int?
    let isPublic: Bool
    let unit: String

    enum CodingKeys: String, CodingKey {
      case name, examples, shape, classes, unit
      case isPublic = "public"
    }

    init(_ data: JobPreparation.RegisteredData) {
      name = data.name
      examples = data.facts.exampleCount
      shape = data.facts.inputShape.dimensions
      classes = data.facts.classCount
      isPublic = data.facts.isPublic
      unit = data.unit
    }
  }

  struct Training: Encodable {
    let steps: Int
    let epochs: Double
    let expectedBatchSize: Int
    let optimizer: OptimizerSpecification
    let schedule: ScheduleSpecification
    let averageDecay: Double?
    let clipping: ClippingSpecification?
    let microbatchSize: Int
    let method: TrainingMethod
    let loss: String
    let modules: [String]
    let parameterCount: Int
    /// Those that get noise; the others are frozen.
    let trainedParameterCount: Int

    enum CodingKeys: String, CodingKey {
      case steps, epochs, optimizer, schedule, clipping, method, loss, modules
      case averageDecay = "ema_decay"
      case microbatchSize = "microbatch_size"
      case trainedParameterCount = "trained_parameter_count"
      case expectedBatchSize = "expected_batch_size"
      case parameterCount = "parameter_count"
    }
  }

  struct Metric: Encodable {
    let step: Int
    let epoch: Double
    let epsilon: Double?
    let accuracy: Double?
    let loss: Double?
  }

  init(
    job: Job, preparation: JobPreparation, profile: StepProfile, metrics: [JobMetric], softwareVersion: String
  ) throws {
    let plan = preparation.plan
    software = softwareVersion
    self.job = Identity(
      id: job.id.text, name: job.name, budget: job.budget?.text, created: job.created.description,
      attempts: job.attempts)
    dataset = Data(preparation.dataset)
    evaluation = preparation.evaluation.map(Data.init)
    training = Training(
      steps: plan.steps, epochs: plan.epochs(steps: plan.steps), expectedBatchSize: plan.sampling.expectedBatchSize,
      optimizer: plan.optimizer, schedule: plan.schedule, averageDecay: plan.averageDecay,
      clipping: preparation.specification.training.clipping,
      microbatchSize: preparation.specification.training.microbatchSize, method: plan.method,
      loss: plan.architecture.loss.rawValue, modules: plan.architecture.torchModules,
      parameterCount: plan.architecture.parameterCount,
      trainedParameterCount: plan.architecture.trainedParameterCount)
    guarantee = try Guarantee(plan: plan, unit: preparation.dataset.unit)
    self.metrics = metrics.map {
      Metric(step: $0.step, epoch: $0.epoch, epsilon: $0.epsilon, accuracy: $0.accuracy, loss: $0.loss)
    }
    self.profile = ProfileText(profile)
    warnings = plan.warnings
  }
}
