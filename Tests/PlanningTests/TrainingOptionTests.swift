import Accounting
import Foundation
import Planning
import Testing

/// Optimizers, schedules, averages, clipping modes and microbatches: read, checked, echoed and priced.
@Suite struct TrainingOptionTests {
  func plan(_ change: (inout JobSpecification) -> Void = { _ in }) throws -> TrainingPlan {
    try TrainingPlan(try tutorial(change), dataset: fashion, evaluation: fashionTest)
  }

  // MARK: Reading

  @Test func everyOptionReadsBackAsItWasWritten() throws {
    let rules: [UpdateRule] = [
      .sgd(momentum: 0.9, isNesterov: true), .adam(MomentEstimates(beta1: 0.8, beta2: 0.99, epsilon: 1e-6)), .adamW(),
      .adagrad(epsilon: 1e-3), .rmsProp(decay: 0.95, epsilon: 1e-4),
    ]
    let shapes: [ScheduleSpecification.Shape] = [
      .constant, .linear(finalFactor: 0.1), .cosine(), .step(every: 10, rate: 0.5), .exponential(every: 7, rate: 0.9),
    ]
    let modes: [ClippingSpecification.Mode] = [
      .flat, .automatic(gamma: 0.1), .normalised, .perLayer, .perBlock, .perParameter,
      .adaptive(AdaptiveClippingSpecification(targetQuantile: 0.3, learningRate: 0.1, countStandardDeviation: 4)),
    ]
    for (index, mode) in modes.enumerated() {
      let training = TrainingSpecification(
        batchSize: 64, steps: 100,
        optimizer: OptimizerSpecification(rules[index % rules.count], learningRate: 0.1, weightDecay: 0.02),
        schedule: ScheduleSpecification(shapes[index % shapes.count], warmupSteps: index),
        averageDecay: index % 2 == 0 ? 0.99 : nil, clipping: ClippingSpecification(mode: mode, norm: 2),
        microbatchSize: index == 0 ? 4 : 1, method: TrainingMethod.allCases[index % 5])
      let copy = try JSONDecoder().decode(TrainingSpecification.self, from: JSONEncoder().encode(training))
      #expect(copy == training)
    }
  }

  @Test func defaultsAreTorchs() throws {
    func read(_ json: String) throws -> OptimizerSpecification { try decode(json) }
    #expect(try read(#"{"learning_rate": 1}"#).rule == .sgd(momentum: 0, isNesterov: false))
    let adam = try read(#"{"type": "adam", "learning_rate": 1}"#)
    #expect(adam.rule == .adam(MomentEstimates(beta1: 0.9, beta2: 0.999, epsilon: 1e-8)) && adam.weightDecay == 0)
    #expect(try read(#"{"type": "adamw", "learning_rate": 1}"#).weightDecay == 0.01)
    #expect(try read(#"{"type": "adagrad", "learning_rate": 1}"#).rule == .adagrad(epsilon: 1e-10))
    #expect(try read(#"{"type": "rmsprop", "learning_rate": 1}"#).rule == .rmsProp(decay: 0.99, epsilon: 1e-8))
  }

  @Test(arguments: [
    #"{"type": "adam", "learning_rate": 1, "momentum": 0.9}"#, #"{"learning_rate": 1, "beta1": 0.5}"#,
    #"{"type": "rmsprop", "learning_rate": 1, "nesterov": true}"#, #"{"type": "lamb", "learning_rate": 1}"#,
    #"{"type": "adam"}"#, #"{"learning_rate": 1, "lr": 2}"#,
  ])
  func whatAnOptimizerDoesNotHaveIsRefused(json: String) {
    #expect(throws: DecodingError.self) { try decode(json) as OptimizerSpecification }
  }

  @Test(arguments: [
    #"{"norm": 1, "gamma": 0.1}"#, #"{"mode": "adaptive", "norm": 1, "gamma": 0.1}"#,
    #"{"mode": "automatic", "norm": 1, "target_quantile": 0.5}"#, #"{"mode": "flat"}"#, #"{"mode": "auto", "norm": 1}"#,
  ])
  func whatAClippingModeDoesNotHaveIsRefused(json: String) {
    #expect(throws: DecodingError.self) { try decode(json) as ClippingSpecification }
  }

  // MARK: Domains

  static let mistakes: [(change: @Sendable (inout TrainingSpecification) -> Void, pointer: String)] = [
    ({ $0.optimizer.rule = .sgd(momentum: 0, isNesterov: true) }, "/optimizer/nesterov"),
    ({ $0.optimizer.rule = .adam(MomentEstimates(beta1: 1)) }, "/optimizer/beta1"),
    ({ $0.optimizer.rule = .adamW(MomentEstimates(beta2: -0.1)) }, "/optimizer/beta2"),
    ({ $0.optimizer.rule = .adam(MomentEstimates(epsilon: 0)) }, "/optimizer/epsilon"),
    ({ $0.optimizer.rule = .adagrad(epsilon: .nan) }, "/optimizer/epsilon"),
    ({ $0.optimizer.rule = .rmsProp(decay: 1, epsilon: 1e-8) }, "/optimizer/decay"),
    ({ $0.optimizer.weightDecay = -1 }, "/optimizer/weight_decay"),
    ({ $0.schedule = ScheduleSpecification(.constant, warmupSteps: -1) }, "/schedule/warmup_steps"),
    ({ $0.schedule = ScheduleSpecification(.constant, warmupSteps: 1172) }, "/schedule/warmup_steps"),
    ({ $0.schedule = ScheduleSpecification(.cosine(finalFactor: 1.5)) }, "/schedule/final_factor"),
    ({ $0.schedule = ScheduleSpecification(.step(every: 0, rate: 0.5)) }, "/schedule/decay_steps"),
    ({ $0.schedule = ScheduleSpecification(.exponential(every: 1, rate: 0)) }, "/schedule/decay_rate"),
    ({ $0.averageDecay = 0 }, "/ema_decay"), ({ $0.averageDecay = .nan }, "/ema_decay"),
    ({ $0.clipping = ClippingSpecification(mode: .automatic(gamma: 0), norm: 1) }, "/clipping/gamma"),
    (
      { $0.clipping = .adaptive { $0.targetQuantile = 1.1 } }, "/clipping/target_quantile"
    ),
    ({ $0.clipping = .adaptive { $0.learningRate = 0 } }, "/clipping/learning_rate"),
    ({ $0.clipping = .adaptive { $0.countStandardDeviation = 0 } }, "/clipping/count_stddev"),
    ({ $0.microbatchSize = 0 }, "/microbatch_size"), ({ $0.microbatchSize = 257 }, "/microbatch_size"),
    (
      {
        $0.microbatchSize = 2
        $0.clipping = ClippingSpecification(mode: .perLayer, norm: 1)
      }, "/microbatch_size"
    ),
    (
      {
        $0.microbatchSize = 2
        $0.method = .ghost
      }, "/method"
    ),
  ]

  @Test(arguments: mistakes.indices)
  func aMistakeNamesItsField(row: Int) throws {
    let (change, pointer) = Self.mistakes[row]
    let specification = try tutorial { change(&$0.training) }
    let found = issues { () throws(PlanningError) in
      try TrainingPlan(specification, dataset: fashion, evaluation: fashionTest)
    }
    #expect(found.map(\.pointer) == ["/training" + pointer], "\(found)")
  }

  // MARK: Schedules and averages

  @Test func schedulesHaveTheirEnds() {
    let steps = 110
    func factors(_ shape: ScheduleSpecification.Shape) -> [Double] {
      let schedule = ScheduleSpecification(shape, warmupSteps: 10)
      return (0..<steps).map { schedule.factor(step: $0, of: steps) }
    }
    for shape in [
      ScheduleSpecification.Shape.constant, .linear(finalFactor: 0.2), .cosine(), .step(every: 3, rate: 0.5),
    ] {
      let found = factors(shape)
      #expect(found[0] == 1.0 / 11 && found[10] == 1)
      #expect(zip(found[..<10], found[1...10]).allSatisfy { $0 < $1 })
      #expect(zip(found[10...], found[11...]).allSatisfy { $0 >= $1 })
    }
    #expect(abs(factors(.linear(finalFactor: 0.2))[60] - 0.6) < 1e-12)
    #expect(abs(factors(.cosine(finalFactor: 0.2))[60] - 0.6) < 1e-12)
    #expect(factors(.step(every: 20, rate: 0.5))[49...50] == [0.5, 0.25])
    #expect(abs(factors(.exponential(every: 20, rate: 0.25))[20] - 0.5) < 1e-12)
  }

  @Test func theAverageForgetsItsBeginning() throws {
    let plan = try plan { $0.training.averageDecay = 0.9 }
    #expect(plan.averageDecay(step: 0) == 2.0 / 11)
    #expect(plan.averageDecay(step: 1000) == 0.9)
    #expect(try self.plan().averageDecay(step: 5) == nil)
  }

  // MARK: Mechanisms

  /// Every rule bounds a contribution by C, so noise and price are those of flat clipping.
  @Test func clippingModesThatBoundByTheSameNormCostTheSame() throws {
    let flat = try plan()
    for mode in [
      ClippingSpecification.Mode.automatic(), .normalised, .perLayer, .perBlock, .perParameter,
    ] {
      let other = try plan { $0.training.clipping = ClippingSpecification(mode: mode, norm: 1) }
      #expect(other.event == flat.event)
      #expect(other.mechanism?.sensitivity == 1 && other.mechanism?.noiseStandardDeviation == 0.8)
    }
  }

  @Test func partsOfTheGradientShareTheNorm() throws {
    // The tutorial network has four layers with a weight and a bias each.
    for (mode, groups) in [
      (ClippingSpecification.Mode.perLayer, [0, 0, 1, 1, 2, 2, 3, 3]), (.perParameter, Array(0...7)),
    ] {
      let plan = try plan { $0.training.clipping = ClippingSpecification(mode: mode, norm: 3) }
      guard case .grouped(let found) = try #require(plan.mechanism).clipping else {
        Issue.record("\(mode) has no groups")
        return
      }
      #expect(found.groupOfParameter == groups)
      #expect(found.norms.count == groups.max()! + 1)
      #expect(abs(found.norms.reduce(0) { $0 + $1 * $1 } - 9) < 1e-12)
    }
  }

  /// A microbatch moves by 2C when one of its examples goes: the noise protects as half of it would.
  @Test func microbatchesDoubleTheSensitivity() throws {
    for adjacency in Adjacency.allCases {
      let plan = try plan {
        $0.training.microbatchSize = 8
        $0.privacy.adjacency = adjacency
      }
      let mechanism = try #require(plan.mechanism)
      #expect(mechanism.microbatches?.size == 8 && mechanism.microbatches?.count == 32 && plan.denominator == 32)
      #expect(mechanism.sensitivity == (adjacency == .replaceOne ? 4 : 2))
      #expect(mechanism.noiseStandardDeviation == 0.8)
      let halved = try self.plan {
        $0.privacy.noiseMultiplier = 0.4
        $0.privacy.adjacency = adjacency
      }
      #expect(plan.event == halved.event)
    }
    #expect(try plan { $0.training.microbatchSize = 1 } == plan())
  }

  /// Gaussians of the same sample are one with the precisions added: 1/σ² = 1/σ_sum² + 1/(2σ_b)² (Andrew et al. 2021).
  @Test func adaptiveClippingPaysForItsCount() throws {
    let plan = try plan { $0.training.clipping = .adaptive { $0.countStandardDeviation = 10 } }
    let epsilon = try #require(try plan.epsilonUpperBound(steps: 100))
    let joint = 1 / (1 / (0.8 * 0.8) + 1 / (20.0 * 20)).squareRoot()
    let expected = try #require(
      try self.plan { $0.privacy.noiseMultiplier = joint }.epsilonUpperBound(steps: 100))
    #expect(abs(epsilon - expected) < 1e-9 * expected)
    #expect(epsilon > (try #require(try self.plan().epsilonUpperBound(steps: 100))))
    guard
      case .adaptive(let adaptive) = try #require(try self.plan { $0.training.clipping = .adaptive { _ in } }.mechanism)
        .clipping
    else {
      Issue.record("no adaptive clipping")
      return
    }
    #expect(adaptive.countStandardDeviation == 256.0 / 20)
  }

  @Test func aTargetCoversTheCountAndTheMicrobatches() throws {
    for change: (inout TrainingSpecification) -> Void in [
      { $0.clipping = .adaptive { $0.countStandardDeviation = 20 } }, { $0.microbatchSize = 4 },
    ] {
      for adjacency in Adjacency.allCases {
        let plan = try plan {
          change(&$0.training)
          $0.privacy = PrivacySpecification(targetEpsilon: 2, delta: 1e-5, adjacency: adjacency)
        }
        let epsilon = try #require(try plan.epsilonUpperBound(steps: plan.steps))
        #expect(epsilon <= 2 && epsilon > 1.998)
      }
    }
    // A count that alone costs more than the target leaves nothing to search for.
    let found = issues { () throws(PlanningError) in
      try TrainingPlan(
        try! tutorial {
          $0.training.clipping = .adaptive { $0.countStandardDeviation = 0.1 }
          $0.privacy = PrivacySpecification(targetEpsilon: 1, delta: 1e-5)
        }, dataset: fashion, evaluation: fashionTest)
    }
    #expect(found.map(\.pointer) == ["/privacy/target_epsilon"])
  }

  @Test func theLearntNormFollowsTheQuantile() throws {
    guard
      case .adaptive(let adaptive) = try #require(try plan { $0.training.clipping = .adaptive { _ in } }.mechanism)
        .clipping
    else {
      Issue.record("no adaptive clipping")
      return
    }
    #expect(adaptive.norm(after: 1, noisyCount: 0, denominator: 256) == 1)
    // All within the norm: it shrinks by exp(−0.2·0.5).
    #expect(abs(adaptive.norm(after: 2, noisyCount: 128, denominator: 256) - 2 * exp(-0.1)) < 1e-12)
    #expect(adaptive.norm(after: 1, noisyCount: -1e9, denominator: 256) == AdaptiveClipping.normRange.upperBound)
    #expect(adaptive.norm(after: 1, noisyCount: 1e9, denominator: 256) == AdaptiveClipping.normRange.lowerBound)
  }
}

extension ClippingSpecification {
  static func adaptive(_ change: (inout AdaptiveClippingSpecification) -> Void) -> ClippingSpecification {
    var adaptive = AdaptiveClippingSpecification()
    change(&adaptive)
    return ClippingSpecification(mode: .adaptive(adaptive), norm: 1)
  }
}
