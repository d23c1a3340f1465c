import Accounting
import Datasets
import Foundation
import Ledger
import Planning

/// What a claimed job is to do, worked out again from what the ledger holds and checked against what was paid for.
struct JobPreparation {
  let specification: JobSpecification
  let plan: TrainingPlan
  let dataset: RegisteredData
  let evaluation: RegisteredData?

  struct RegisteredData {
    let name: String
    let unit: String
    let registration: DatasetRegistration
    let facts: DatasetFacts
    /// Of the files' content as it was registered; nil for a registration without one.
    let digest: Digest?
  }

  /// - Throws: `JobFailure` with `planInvalid`; what the store throws.
  init(_ job: Job, store: any Store) throws {
    let loaded = try store.read { transaction in
      let reader = LedgerReader(transaction)
      let specification = try Self.specification(of: job)
      return (
        specification, try Self.data(specification.dataset, reader),
        try specification.evaluation.map { try Self.data($0.dataset, reader) },
        try job.reservation.map { id in
          let reservation = try reader.reservation(id)
          return (reservation, try reader.budgetPath(reservation.budget))
        }
      )
    }
    (specification, dataset, evaluation) = (loaded.0, loaded.1, loaded.2)
    do {
      plan = try TrainingPlan(specification, dataset: dataset.facts, evaluation: evaluation?.facts)
    } catch {
      throw Self.invalid("it cannot be planned: \(error)")
    }
    guard specification.dataset == job.dataset, plan.steps == job.steps else {
      throw Self.invalid(
        "it plans \(plan.steps) steps on \(specification.dataset), the job has \(job.steps) on \(job.dataset)")
    }
    try Self.check(plan, isPaidBy: loaded.3)
  }

  /// The reservation must hold exactly the event that the trainer will make, under the same relation, as often.
  private static func check(_ plan: TrainingPlan, isPaidBy payment: (Reservation, BudgetPath)?) throws {
    guard let mechanism = plan.mechanism else {
      guard payment == nil, plan.dataset.isPublic else {
        throw invalid("a run without privacy is charged or not public")
      }
      return
    }
    guard let (reservation, path) = payment else { throw invalid("a private run has no reservation") }
    guard path.asked.protects(plan.dataset.reference), path.asked.relation == mechanism.relation else {
      throw invalid("budget \(path.asked.id) protects \(path.asked.dataset) under \(path.asked.relation)")
    }
    let price = try path.price(plan.stepEvent, count: plan.steps)
    guard reservation.event == price.eventText, reservation.count == plan.steps else {
      throw invalid(
        "\(reservation.count) × \(reservation.event) is held, and \(plan.steps) × \(price.eventText) planned")
    }
  }

  private static func specification(of job: Job) throws -> JobSpecification {
    do {
      return try JSONDecoder().decode(JobSpecification.self, from: Data(job.specification.utf8))
    } catch {
      throw invalid("its specification cannot be read: \(error)")
    }
  }

  private static func data(_ name: String, _ reader: LedgerReader) throws -> RegisteredData {
    let dataset: Dataset
    let registration: DatasetRegistration
    do {
      dataset = try reader.dataset(named: name)
      registration = try DatasetRegistration(json: dataset.description)
    } catch LedgerError.notFound(_, let id) {
      throw invalid("dataset \(id) is not registered")
    } catch let error as DecodingError {
      throw invalid("the registration of dataset \(name) cannot be read: \(error)")
    }
    guard let shape = TensorShape(dimensions: registration.shape), let size = dataset.size, size >= 1 else {
      throw invalid("dataset \(name) is registered without a size, or with shape \(registration.shape)")
    }
    let facts = DatasetFacts(
      reference: name, exampleCount: size, inputShape: shape,
      classCount: registration.source.targetClassCount, targetCount: registration.targetCount,
      vocabularySize: registration.source.vocabularySize, isPublic: dataset.isPublic)
    return RegisteredData(
      name: name, unit: dataset.unit, registration: registration, facts: facts, digest: dataset.digest)
  }

  private static func invalid(_ detail: String) -> JobFailure {
    JobFailure(reason: .planInvalid, charge: .committedSteps, detail: detail)
  }
}
