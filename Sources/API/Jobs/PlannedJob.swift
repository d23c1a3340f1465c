import Accounting
import Datasets
import Ledger
import Planning

/// A job that was read, planned against its registered data and priced in its budget, but not yet submitted.
struct PlannedJob {
  let specification: JobSpecification
  let plan: TrainingPlan
  /// ε at the job's own δ after the last step; nil without privacy.
  let epsilonAtEnd: Double?
  /// What the budget is to pay; nil without privacy.
  let payment: Payment?
  private let body: JSONNode

  struct Payment {
    let path: BudgetPath
    let price: Price
  }

  init(_ body: JSONNode, _ context: APIContext) throws {
    let errors = FieldErrors()
    guard let specification = JobSpecificationFields(errors: errors).read(body) else { throw errors.problem }
    let data = try context.read { try JobData(specification, $0, errors: errors) }
    guard let data, errors.isEmpty else { throw errors.problem }
    try Self.requireWeights(specification.model, context)
    let plan = try TrainingPlan(specification, dataset: data.training, evaluation: data.evaluation)
    self.body = body
    self.specification = specification
    self.plan = plan
    epsilonAtEnd = try plan.epsilonUpperBound(steps: plan.steps)
    payment = try data.budget.map { budget in
      try Self.check(budget.asked, pays: specification, plan)
      return Payment(path: budget, price: try budget.price(plan.stepEvent, count: plan.steps))
    }
  }

  /// That the file of initial weights is there; what is in it, the worker reads before any example.
  private static func requireWeights(_ model: ModelSpecification, _ context: APIContext) throws {
    guard let path = model.initialWeights else { return }
    do {
      _ = try context.dataFolders.resolve(path)
    } catch {
      throw Problem(
        .invalidParameter, "\(error)", errors: [.init(pointer: "/model/initial_weights", detail: "\(error)")])
    }
  }

  /// That the budget protects this dataset and counts in the job's terms.
  private static func check(_ budget: Budget, pays specification: JobSpecification, _ plan: TrainingPlan) throws {
    guard budget.protects(specification.dataset) else {
      let detail = "Budget \(budget.id) protects \(budget.dataset), not \(specification.dataset)."
      throw Problem(.invalidParameter, detail, errors: [.init(pointer: "/budget", detail: detail)])
    }
    guard let mechanism = plan.mechanism else {
      let detail = "A run without privacy charges no budget; leave budget out."
      throw Problem(.invalidParameter, detail, errors: [.init(pointer: "/budget", detail: detail)])
    }
    guard mechanism.relation == budget.relation else {
      let detail =
        "The budget counts under \(AccountingChoices.word(for: budget.relation)), the job under "
        + "\(mechanism.adjacency.rawValue); a guarantee under one says nothing about the other."
      throw Problem(.unsoundCombination, detail, errors: [.init(pointer: "/privacy/adjacency", detail: detail)])
    }
  }

  /// The job for the ledger. Its specification leaves nothing open: whoever plans it again, by whatever version, gets the
  /// noise that was paid for.
  func draft() -> JobDraft {
    JobDraft(
      name: specification.name, dataset: specification.dataset,
      specification: String(decoding: pinnedBody.bytes, as: UTF8.self),
      plan: String(decoding: PlanFacts(plan, specification, epsilonAtEnd: epsilonAtEnd).json.bytes, as: UTF8.self),
      steps: plan.steps)
  }

  /// The body with what it left to us written out: the noise multiplier, and a preset's own settings.
  private var pinnedBody: JSONValue {
    guard case .object(var members) = body.value else { return body.value }
    members.removeAll { $0.name == "training" && $0.value == .null }
    if !members.contains(where: { $0.name == "training" }) {
      members.append(.init("training", JSONValue(specification.training.members)))
    }
    guard let mechanism = plan.mechanism else { return .object(members) }
    return .object(
      members.map { member in
        guard member.name == "privacy", case .object(let privacy) = member.value else { return member }
        let others = privacy.filter { $0.name != "target_epsilon" && $0.name != "noise_multiplier" }
        return .init("privacy", .object([.init("noise_multiplier", .number(mechanism.noiseMultiplier))] + others))
      })
  }

  /// The settings nearest to these that would fit the budget as it is now.
  func settingsThatFit(_ path: BudgetPath, _ price: Price) throws -> [JSONValue] {
    try FittingSettings(path: path, plan: plan, price: price).list()
  }
}

/// What the store knows of the things that a job names.
private struct JobData {
  let training: DatasetFacts
  let evaluation: DatasetFacts?
  let budget: BudgetPath?

  /// nil where a name leads nowhere; each is noted.
  init?(_ specification: JobSpecification, _ reader: LedgerReader, errors: FieldErrors) throws {
    let training = try Self.facts(of: specification.dataset, at: JSONPointer.root.member("dataset"), reader, errors)
    var evaluation: DatasetFacts?
    if let name = specification.evaluation?.dataset {
      evaluation = try Self.facts(of: name, at: JSONPointer.root.member("evaluation").member("dataset"), reader, errors)
    }
    budget = try Self.budget(specification.budget, reader, errors)
    self.evaluation = evaluation
    guard let training, errors.isEmpty else { return nil }
    self.training = training
  }

  private static func facts(
    of name: String, at pointer: JSONPointer, _ reader: LedgerReader, _ errors: FieldErrors
  ) throws -> DatasetFacts? {
    guard let dataset = try reader.transaction.dataset(named: name) else {
      let known = try reader.transaction.datasets(Page(limit: 1_000)).map(\.name)
      let ending =
        NearestName.of(name, among: known).map { "; did you mean \($0)?" } ?? "; GET /v1/datasets lists them."
      errors.add(pointer, "There is no dataset \(name.prefix(80))\(ending)")
      return nil
    }
    let registered = try DatasetRegistration(of: dataset)
    guard let size = dataset.size, size > 0, let shape = TensorShape(dimensions: registered.shape) else {
      errors.add(pointer, "Dataset \(name) is registered without its size and shape; a job cannot train on it.")
      return nil
    }
    return DatasetFacts(
      reference: name, exampleCount: size, inputShape: shape, classCount: registered.source.targetClassCount,
      targetCount: registered.targetCount, vocabularySize: registered.source.vocabularySize,
      isPublic: dataset.isPublic)
  }

  private static func budget(_ text: String?, _ reader: LedgerReader, _ errors: FieldErrors) throws -> BudgetPath? {
    guard let text else { return nil }
    let pointer = JSONPointer.root.member("budget")
    guard let id = BudgetID(text) else {
      errors.add(pointer, "budget \"\(text.prefix(80))\" is not an id; it must look like bud_….")
      return nil
    }
    do {
      return try reader.budgetPath(id)
    } catch LedgerError.notFound {
      errors.add(pointer, "There is no budget \(text.prefix(80)); GET /v1/budgets lists them.")
      return nil
    }
  }
}
