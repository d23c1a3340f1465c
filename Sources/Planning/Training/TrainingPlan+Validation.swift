import Accounting

extension TrainingPlan {
  /// Plans `specification` against what is publicly known of its data.
  ///
  /// `target_epsilon` is turned into the smallest noise multiplier found whose ε, computed again from the finished
  /// plan, is at or below the target.
  ///
  /// - Parameter evaluation: facts of `specification.evaluation`'s dataset; nil where the specification names none.
  /// - Throws: `PlanningError` with every mistake found. Fields that depend on a wrong field are not judged.
  public init(
    _ specification: JobSpecification, dataset: DatasetFacts, evaluation: DatasetFacts? = nil
  ) throws(PlanningError) {
    precondition(
      (specification.evaluation == nil) == (evaluation == nil), "facts for the evaluation set, if it is named")
    var issues = IssueCollector()
    issues.checkName(specification.name)
    let architecture = issues.collect { () throws(PlanningError) in
      try ModelArchitecture(specification.model, input: dataset.modelInput)
    }
    let sampling = issues.sampling(specification.training, dataset: dataset)
    let steps = issues.steps(specification.training, sampling: sampling)
    issues.checkTraining(specification.training, isPrivate: specification.privacy.isPrivate, steps: steps)
    issues.checkInitialWeights(specification.model.initialWeights)
    issues.checkEvaluation(evaluation, matches: dataset)
    issues.checkPrivacy(specification, dataset: dataset)
    guard issues.isEmpty, let architecture, let sampling, let steps else { throw issues.error }

    self.dataset = dataset
    self.evaluation = evaluation
    self.architecture = architecture
    self.optimizer = specification.training.optimizer
    self.schedule = specification.training.schedule
    self.averageDecay = specification.training.averageDecay
    self.method = specification.training.method
    self.initialWeights = specification.model.initialWeights
    self.sampling = sampling
    self.steps = steps
    self.physicalBatchSize = Self.physicalBatchSize(sampling: sampling, architecture: architecture, dataset: dataset)
    self.mechanism = try PrivateMechanism(
      specification, architecture: architecture, sampling: sampling, steps: steps)
    self.warnings = Self.warnings(specification, dataset: dataset, mechanism: self.mechanism)
    try requireProvedBound()
  }

  /// What the accountant has no proof for must not be planned.
  private func requireProvedBound() throws(PlanningError) {
    guard let mechanism else { return }
    do {
      _ = try RenyiAccountant(event: event, relation: mechanism.relation)
    } catch {
      throw PlanningError([FieldIssue(.unsoundCombination, at: "/privacy", "\(error)")])
    }
  }

  /// A quarter of the expected batch, in multiples of 16 up to 256: a Poisson sample of 256 ± 16 then wastes half a
  /// quarter on masked examples, where one big batch would have to leave room for the largest sample that can occur.
  /// Fewer where one example is large.
  static func physicalBatchSize(
    sampling: PoissonSampling, architecture: ModelArchitecture, dataset: DatasetFacts
  ) -> Int {
    let quarter = min(sampling.expectedBatchSize / 4, 256)
    let rounded = max(16, (quarter + 15) / 16 * 16)
    let bytesPerExample = saturatingProduct([
      architecture.heldPerExample(targetCount: dataset.targetCount), MemoryLayout<Float>.size,
    ])
    return max(1, min(rounded, 1_000_000_000 / max(bytesPerExample, 1)))
  }

  private static func warnings(
    _ specification: JobSpecification, dataset: DatasetFacts, mechanism: PrivateMechanism?
  ) -> [PlanWarning] {
    var warnings: [PlanWarning] = []
    guard let mechanism else {
      warnings.append(
        PlanWarning(
          pointer: "/privacy/private",
          detail: "Trains on public data without clipping and noise: the model carries no privacy guarantee, and no "
            + "budget is charged."))
      if specification.training.clipping != nil {
        warnings.append(
          PlanWarning(pointer: "/training/clipping", detail: "A run with \"private\": false does not clip."))
      }
      return warnings
    }
    if mechanism.delta * Double(dataset.exampleCount) >= 1 {
      warnings.append(
        PlanWarning(
          pointer: "/privacy/delta",
          detail: "δ = \(mechanism.delta) is at least 1/n for n = \(dataset.exampleCount): a mechanism that publishes "
            + "one whole record at random would satisfy it. A usual choice is at most 1/(10·n) = "
            + "\(1 / (10 * Double(dataset.exampleCount)))."))
    }
    if mechanism.noiseMultiplier < 0.3 {
      warnings.append(
        PlanWarning(
          pointer: "/privacy/noise_multiplier",
          detail: "σ = \(mechanism.noiseMultiplier) is so small that ε says little about what an attacker learns."))
    }
    if specification.model.initialWeights != nil {
      warnings.append(
        PlanWarning(
          pointer: "/model/initial_weights",
          detail:
            "ε says nothing about data that the initial weights were learnt from: they must be public, or paid for "
            + "elsewhere."))
    }
    if specification.evaluation == nil {
      warnings.append(
        PlanWarning(
          pointer: "/evaluation",
          detail: "Without a public evaluation set the job reports steps and ε, and no accuracy."))
    }
    return warnings
  }
}

extension JobSpecification {
  /// The same job with its noise multiplier written out in place of a target ε, so that planning it again, by whatever
  /// version, gives exactly the noise that was paid for.
  public func pinned(to plan: TrainingPlan) -> JobSpecification {
    var pinned = self
    if let mechanism = plan.mechanism {
      pinned.privacy.noiseMultiplier = mechanism.noiseMultiplier
      pinned.privacy.targetEpsilon = nil
    }
    return pinned
  }
}
