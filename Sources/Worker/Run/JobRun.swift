import Datasets
import Foundation
import Ledger
import Planning
import PrivateTraining

/// One attempt at one job, from the claim to its end or its return to the queue.
final class JobRun {
  private let store: any Store
  private let configuration: WorkerConfiguration
  private let keeper: LeaseKeeper
  private let probe: CrashProbe
  private let checkpoints: CheckpointFolder
  private let access: DataAccess
  /// As the ledger showed it last.
  private var job: Job
  /// Steps up to here may have begun; the ledger was told so before they did.
  private var announced: Int

  init(
    job: Job, keeper: LeaseKeeper, store: any Store, configuration: WorkerConfiguration, probe: CrashProbe
  ) {
    self.job = job
    self.keeper = keeper
    self.store = store
    self.configuration = configuration
    self.probe = probe
    checkpoints = CheckpointFolder(root: configuration.checkpoints, job: job.id)
    access = DataAccess(loader: configuration.loader)
    announced = job.committedStep
  }

  /// - Throws: `LedgerError.leaseLost`, and what the store or the file system throws; the job itself is then left to
  ///   whoever claims it next.
  func run() throws {
    do {
      try probe.pass(.claimed)
      let preparation = try JobPreparation(job, store: store)
      let profile = try measure(preparation.plan)
      let evaluation = try loadEvaluation(preparation)
      let trainer = try makeTrainer(preparation)
      let schedule = BlockSchedule(
        plan: preparation.plan, secondsPerStep: profile.timing.total,
        leastSeconds: configuration.leastBlockSeconds)
      try train(trainer, preparation.plan, evaluation, schedule, profile)
      if trainer.isFinished { try succeed(preparation, trainer, profile) }
    } catch let failure as JobFailure {
      try fail(failure)
    }
  }

  // MARK: Getting ready

  /// Time and memory of the plan's steps, on synthetic data.
  private func measure(_ plan: TrainingPlan) throws -> StepProfile {
    let needed = MemoryEstimate(plan).peak
    guard UInt64(needed) <= configuration.memoryLimit else {
      throw JobFailure(
        reason: .outOfMemory, charge: .committedSteps,
        detail: "it needs about \(needed) bytes, and \(configuration.memoryLimit) are allowed")
    }
    let profile: StepProfile
    do {
      profile = try StepProfile.measure(plan, execution: configuration.execution)
    } catch {
      // Shapes are fixed by the plan, so this tells nothing about the data, and none was read.
      throw JobFailure(reason: .outOfMemory, charge: .committedSteps, detail: "\(error)")
    }
    try write { try $0.recordProfile(try ProfileText.json(profile), of: self.job.id, token: self.keeper.token) }
    return profile
  }

  private func makeTrainer(_ preparation: JobPreparation) throws -> Trainer {
    try access.check(preparation.dataset, reason: .datasetUnavailable)
    let checkpoint = try recoverCheckpoint()
    let weights = try access.loadWeights(preparation.plan)
    let examples = try access.loadTraining(preparation.dataset)
    try probe.pass(.dataLoaded)
    do {
      if preparation.dataset.facts.isPublic {
        return try Trainer(
          plan: preparation.plan, publicExamples: PublicExamples(declaredPublic: examples), initialWeights: weights,
          resumingFrom: checkpoint, execution: configuration.execution)
      }
      return try Trainer(
        plan: preparation.plan, examples: examples, initialWeights: weights, resumingFrom: checkpoint,
        execution: configuration.execution)
    } catch let error as CheckpointError {
      throw JobFailure(reason: .checkpointLost, charge: .committedSteps, detail: "\(error)")
    } catch {
      // The examples have been read, and whether they fit the plan is an answer about them.
      let charge: JobFailure.Charge = preparation.dataset.facts.isPublic ? .committedSteps : .wholeReservation
      throw JobFailure(reason: .trainingFailed, charge: charge, detail: "\(error)")
    }
  }

  private func recoverCheckpoint() throws -> [UInt8]? {
    try checkpoints.create()
    guard let digest = job.checkpoint, job.committedStep > 0 else {
      try checkpoints.deleteFiles()
      return nil
    }
    guard let bytes = try checkpoints.recover(step: job.committedStep, digest: digest) else {
      throw JobFailure(
        reason: .checkpointLost, charge: .committedSteps,
        detail: "no file in \(checkpoints.url.path) is the state after step \(job.committedStep)")
    }
    return bytes
  }

  private func loadEvaluation(_ preparation: JobPreparation) throws -> PublicExamples? {
    guard let evaluation = preparation.evaluation else { return nil }
    return PublicExamples(declaredPublic: try access.loadPublic(evaluation))
  }

  // MARK: Blocks

  private func train(
    _ trainer: Trainer, _ plan: TrainingPlan, _ evaluation: PublicExamples?, _ schedule: BlockSchedule,
    _ profile: StepProfile
  ) throws {
    var measured = try lastMeasuredStep()
    // An attempt may have died between a commit and its measurement.
    try measureIfDue(trainer, evaluation, schedule, &measured)
    while !trainer.isFinished {
      // Asked once: it may change between two questions.
      let order = keeper.order
      guard order == .goOn else { return try leave(order) }
      let end = schedule.end(after: trainer.step)
      try announce(end, plan, profile)
      try trainBlock(trainer, through: end)
      guard keeper.order != .abandon else { throw LedgerError.leaseLost(job: job.id) }
      guard trainer.step > job.committedStep else { continue }
      try commit(trainer)
      if trainer.hasDiverged {
        throw JobFailure(
          reason: .diverged, charge: .committedSteps, detail: "a parameter overflowed by step \(trainer.step)")
      }
      try measureIfDue(trainer, evaluation, schedule, &measured)
    }
  }

  private func lastMeasuredStep() throws -> Int {
    let id = job.id
    return try store.read { try $0.metrics(of: id, Page(limit: 10_000)) }.last?.step ?? 0
  }

  private func measureIfDue(
    _ trainer: Trainer, _ evaluation: PublicExamples?, _ schedule: BlockSchedule, _ measured: inout Int
  ) throws {
    guard schedule.isEvaluationDue(at: trainer.step, previous: measured) else { return }
    try recordMetric(trainer, evaluation)
    measured = trainer.step
  }

  /// Tells the ledger that steps up to `end` may begin, before the first of them does. Rate and time left come from
  /// synthetic data: those of private data would say something about it.
  private func announce(_ end: Int, _ plan: TrainingPlan, _ profile: StepProfile) throws {
    let secondsPerStep = profile.timing.total
    let rate = secondsPerStep > 0 ? Double(plan.sampling.expectedBatchSize) / secondsPerStep : nil
    job = try write {
      try $0.heartbeat(
        self.job.id, token: self.keeper.token, leaseSeconds: self.configuration.leaseSeconds, announcedStep: end,
        samplesPerSecond: rate, etaSeconds: (secondsPerStep * Double(plan.steps - self.job.committedStep)).rounded(.up))
    }
    keeper.update(job)
    announced = max(announced, end)
    try probe.pass(.announced)
  }

  private func trainBlock(_ trainer: Trainer, through end: Int) throws {
    do {
      try trainer.run(steps: end - trainer.step) { keeper.order != .goOn }
    } catch {
      throw JobFailure(reason: .trainingFailed, charge: .announcedSteps, detail: "\(error)")
    }
    try probe.pass(.blockTrained)
  }

  /// Makes a block durable: the state is staged, then charged for, then given its name. Only what follows may leave.
  private func commit(_ trainer: Trainer) throws {
    let step = trainer.step
    let bytes = try trainer.checkpoint()
    let staged = try checkpoints.stage(bytes, step: step, attempt: job.attempts)
    try probe.pass(.checkpointStaged)
    let digest = try Digest(of: bytes)
    job = try write {
      try $0.commitBlock(
        self.job.id, token: self.keeper.token, through: step, checkpoint: digest,
        leaseSeconds: self.configuration.leaseSeconds)
    }
    keeper.update(job)
    try probe.pass(.blockCommitted)
    try checkpoints.reveal(staged, step: step)
    try probe.pass(.checkpointRevealed)
  }

  private func recordMetric(_ trainer: Trainer, _ evaluation: PublicExamples?) throws {
    let figures = try evaluation.map { examples in
      do {
        return try trainer.evaluate(on: examples)
      } catch {
        throw JobFailure(reason: .trainingFailed, charge: .committedSteps, detail: "\(error)")
      }
    }
    let epsilon = try trainer.plan.epsilonUpperBound(steps: trainer.step)
    let metric = JobMetric(
      step: trainer.step, epoch: trainer.plan.epochs(steps: trainer.step),
      epsilon: epsilon.flatMap { $0.isFinite ? $0 : nil }, accuracy: figures?.accuracy, loss: figures?.loss)
    try write { try $0.recordMetric(metric, of: self.job.id, token: self.keeper.token) }
    try probe.pass(.metricRecorded)
  }

  // MARK: Endings

  /// Leaves a job that is to stop; all its steps are committed.
  private func leave(_ order: LeaseKeeper.Order) throws {
    let (id, token, step) = (job.id, keeper.token, job.committedStep)
    switch order {
    case .goOn: preconditionFailure("a job that is to go on is not left")
    case .abandon: throw LedgerError.leaseLost(job: id)
    case .giveBack: job = try write { try $0.returnJob(id, token: token) }
    case .pause: job = try write { try $0.parkJob(id, token: token) }
    case .cancel: job = try write { try $0.finishJob(id, token: token, as: .cancelled, ranThrough: step) }
    case .timeOut: job = try write { try $0.finishJob(id, token: token, as: .timedOut, ranThrough: step) }
    }
    configuration.log("job \(id): \(job.state.rawValue) at step \(step)")
    if job.state.isEnded { try checkpoints.delete() }
  }

  private func succeed(_ preparation: JobPreparation, _ trainer: Trainer, _ profile: StepProfile) throws {
    let id = job.id
    guard keeper.order != .abandon else { throw LedgerError.leaseLost(job: id) }
    let metrics = try store.read { try $0.metrics(of: id, Page(limit: 10_000)) }
    let report = try JobReport(
      job: job, preparation: preparation, profile: profile, metrics: metrics,
      softwareVersion: configuration.softwareVersion)
    let folder = ArtifactFolder(root: configuration.artifacts, job: id)
    let artifacts = try folder.write(report: report, trainer: trainer, preparation: preparation)
    try probe.pass(.artifactsWritten)
    job = try write {
      try $0.finishJob(
        id, token: self.keeper.token, as: .succeeded(artifacts: artifacts), ranThrough: preparation.plan.steps)
    }
    try probe.pass(.jobFinished)
    configuration.log("job \(id): succeeded")
    try checkpoints.delete()
  }

  private func fail(_ failure: JobFailure) throws {
    configuration.log("job \(job.id): \(failure.reason.rawValue): \(failure.detail)")
    let step =
      switch failure.charge {
      case .committedSteps: job.committedStep
      case .announcedSteps: max(announced, job.committedStep)
      case .wholeReservation: job.steps
      }
    job = try write {
      try $0.finishJob(
        self.job.id, token: self.keeper.token, as: .failed(reason: failure.reason.rawValue), ranThrough: step)
    }
    try checkpoints.delete()
  }

  @discardableResult
  private func write<Value>(_ body: (LedgerWriter) throws -> Value) throws -> Value {
    try store.write { try body(LedgerWriter($0, at: configuration.moment())) }
  }
}
