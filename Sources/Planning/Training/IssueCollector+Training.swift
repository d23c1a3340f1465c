/// The mistakes of a job's `training`.
extension IssueCollector {
  mutating func checkTraining(_ training: TrainingSpecification, isPrivate: Bool, steps: Int?) {
    checkOptimizer(training.optimizer)
    checkSchedule(training.schedule, steps: steps)
    checkAverage(training.averageDecay)
    if isPrivate { checkClipping(training.clipping) }
    checkMicrobatches(training, isPrivate: isPrivate)
    checkMethod(training)
  }

  mutating func sampling(_ training: TrainingSpecification, dataset: DatasetFacts) -> PoissonSampling? {
    guard training.batchSize >= 1, training.batchSize <= dataset.exampleCount else {
      add(
        at: "/training/batch_size",
        "batch_size is between 1 and the dataset's \(dataset.exampleCount) examples, not \(training.batchSize).")
      return nil
    }
    return PoissonSampling(expectedBatchSize: training.batchSize, datasetSize: dataset.exampleCount)
  }

  mutating func steps(_ training: TrainingSpecification, sampling: PoissonSampling?) -> Int? {
    let limit = TrainingPlan.stepLimit
    switch (training.epochs, training.steps) {
    case (nil, nil), (.some, .some):
      add(at: "/training", "Give exactly one of epochs and steps.")
      return nil
    case (nil, let steps?):
      guard 1...limit ~= steps else {
        add(at: "/training/steps", "steps is between 1 and \(limit), not \(steps).")
        return nil
      }
      return steps
    case (let epochs?, nil):
      guard epochs.isFinite, epochs > 0 else {
        add(at: "/training/epochs", "epochs is a number above 0, not \(epochs).")
        return nil
      }
      guard let sampling else { return nil }
      guard let steps = sampling.steps(epochs: epochs, limit: limit) else {
        add(at: "/training/epochs", "\(epochs) epochs are more than \(limit) steps: lower epochs or raise batch_size.")
        return nil
      }
      return steps
    }
  }

  private mutating func checkOptimizer(_ optimizer: OptimizerSpecification) {
    let place = "/training/optimizer"
    if !(optimizer.learningRate > 0 && optimizer.learningRate <= Self.learningRateLimit) {
      add(
        at: "\(place)/learning_rate",
        "learning_rate is above 0 and at most \(Self.learningRateLimit), not \(optimizer.learningRate).")
    }
    if !(optimizer.weightDecay >= 0 && optimizer.weightDecay <= Self.weightDecayLimit) {
      add(
        at: "\(place)/weight_decay",
        "weight_decay is between 0 and \(Self.weightDecayLimit), not \(optimizer.weightDecay).")
    }
    switch optimizer.rule {
    case .sgd(let momentum, let isNesterov):
      checkShare(momentum, "momentum", at: place)
      if isNesterov, momentum == 0 {
        add(at: "\(place)/nesterov", "Nesterov's momentum needs a momentum above 0.")
      }
    case .adam(let moments), .adamW(let moments):
      checkShare(moments.beta1, "beta1", at: place)
      checkShare(moments.beta2, "beta2", at: place)
      checkStabilizer(moments.epsilon, at: place)
    case .adagrad(let epsilon): checkStabilizer(epsilon, at: place)
    case .rmsProp(let decay, let epsilon):
      checkShare(decay, "decay", at: place)
      checkStabilizer(epsilon, at: place)
    }
  }

  private mutating func checkShare(_ value: Double, _ field: String, at place: String) {
    if !(value >= 0 && value < 1) { add(at: "\(place)/\(field)", "\(field) is in [0, 1), not \(value).") }
  }

  /// The least stands where float32 still has a normal number: below it a division by zero could come of it.
  private mutating func checkStabilizer(_ epsilon: Double, at place: String) {
    if !(epsilon >= 1e-30 && epsilon <= 1) {
      add(at: "\(place)/epsilon", "epsilon is between 1e-30 and 1, not \(epsilon).")
    }
  }

  private mutating func checkSchedule(_ schedule: ScheduleSpecification, steps: Int?) {
    let place = "/training/schedule"
    if schedule.warmupSteps < 0 {
      add(at: "\(place)/warmup_steps", "warmup_steps is at least 0, not \(schedule.warmupSteps).")
    } else if let steps, schedule.warmupSteps >= steps {
      add(
        at: "\(place)/warmup_steps",
        "warmup_steps = \(schedule.warmupSteps) leaves nothing of the run's \(steps) steps: lower it.")
    }
    switch schedule.shape {
    case .constant: break
    case .linear(let last), .cosine(let last):
      if !(0...1 ~= last) { add(at: "\(place)/final_factor", "final_factor is between 0 and 1, not \(last).") }
    case .step(let every, let rate), .exponential(let every, let rate):
      if every < 1 { add(at: "\(place)/decay_steps", "decay_steps is at least 1, not \(every).") }
      if !(rate > 0 && rate <= 1) {
        add(at: "\(place)/decay_rate", "decay_rate is above 0 and at most 1, not \(rate).")
      }
    }
  }

  private mutating func checkAverage(_ decay: Double?) {
    if let decay, !(decay > 0 && decay < 1) {
      add(at: "/training/ema_decay", "ema_decay is above 0 and below 1, not \(decay).")
    }
  }

  /// Whether there is such a file is for those to say who can see the data folders.
  mutating func checkInitialWeights(_ path: String?) {
    guard let path else { return }
    if path.isEmpty || path.hasPrefix("/") || path.split(separator: "/").contains("..") || path.utf8.contains(0) {
      add(
        at: "/model/initial_weights",
        "initial_weights is the path of a safetensors file relative to a data folder, not \"\(path.prefix(80))\".")
    }
  }

  // MARK: Clipping

  private mutating func checkClipping(_ clipping: ClippingSpecification?) {
    guard let clipping else {
      return add(
        at: "/training/clipping",
        "clipping is missing: without a bound on each example's gradient there is no privacy. Write "
          + "{\"mode\": \"flat\", \"norm\": 1.0}.")
    }
    checkNorm(clipping.norm, "norm")
    switch clipping.mode {
    case .flat, .normalised, .perLayer, .perBlock, .perParameter: break
    case .automatic(let gamma): checkNorm(gamma, "gamma")
    case .adaptive(let adaptive):
      if !(0...1 ~= adaptive.targetQuantile) {
        add(
          at: "/training/clipping/target_quantile",
          "target_quantile is between 0 and 1, not \(adaptive.targetQuantile).")
      }
      if !(adaptive.learningRate > 0 && adaptive.learningRate <= 10) {
        add(
          at: "/training/clipping/learning_rate",
          "learning_rate is above 0 and at most 10, not \(adaptive.learningRate).")
      }
      if let deviation = adaptive.countStandardDeviation, !(Self.countDeviationRange ~= deviation) {
        add(
          at: "/training/clipping/count_stddev",
          "count_stddev is between \(Self.countDeviationRange.lowerBound) and \(Self.countDeviationRange.upperBound), not "
            + "\(deviation).")
      }
    }
  }

  /// The second backward pass of ghost clipping takes one factor an example.
  private mutating func checkMethod(_ training: TrainingSpecification) {
    guard [.ghost, .mixedGhost].contains(training.method), let kind = training.clipping?.kind,
      [.perLayer, .perBlock, .perParameter].contains(kind)
    else { return }
    add(
      at: "/training/method",
      "\(training.method.rawValue) reweights each example's loss by one factor, and \(kind.rawValue) clipping has one for "
        + "each part: use book_keeping or auto.")
  }

  private static let countDeviationRange = 1e-3...1e9

  private mutating func checkNorm(_ value: Double, _ field: String) {
    if !(Self.clippingNormRange ~= value) {
      add(
        at: "/training/clipping/\(field)",
        "\(field) is between \(Self.clippingNormRange.lowerBound) and \(Self.clippingNormRange.upperBound), not "
          + "\(value).")
    }
  }

  /// Microbatches are clipped whole, so a norm a group of parameters and a norm that is learnt do not go with them, nor does a
  /// choice among ways to find each example's own norm.
  private mutating func checkMicrobatches(_ training: TrainingSpecification, isPrivate: Bool) {
    let size = training.microbatchSize
    guard size != 1 else { return }
    let place = "/training/microbatch_size"
    guard size >= 1, size <= training.batchSize else {
      return add(at: place, "microbatch_size is between 1 and batch_size = \(training.batchSize), not \(size).")
    }
    guard isPrivate else { return add(at: place, "A run with \"private\": false does not clip; leave it out.") }
    if let kind = training.clipping?.kind, kind != .flat {
      add(at: place, "Microbatches are clipped flat, not \(kind.rawValue): drop one of the two.")
    }
    if training.method != .auto {
      add(at: "/training/method", "Microbatches have no per-example gradients to choose a method for: leave it out.")
    }
  }
}
