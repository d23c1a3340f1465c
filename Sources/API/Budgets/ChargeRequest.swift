import Accounting
import Ledger
import Planning

/// A mechanism that a budget is asked to pay for.
struct ChargeRequest {
  let mechanism: Mechanism
  /// The step and how many of it: what is priced, held and committed.
  let unit: PrivacyEvent
  let count: Int

  /// Reads the body; a relation that is not stated is the budget's own.
  /// - Parameter budget: the budget that pays.
  init(_ body: JSONNode, budget: Budget) throws {
    let errors = FieldErrors()
    guard let fields = FieldReader(body, errors: errors) else { throw errors.problem }
    fields.refuse("orders", because: "a budget counts at the orders of its filter, which are fixed when it is created.")
    let mechanism = Mechanism(fields, defaultRelation: budget.relation)
    fields.refuse("delta", because: "a charge counts at the budget's own δ.")
    fields.finish()
    guard let mechanism, errors.isEmpty else { throw errors.problem }
    guard mechanism.choices.relation == budget.relation else {
      let detail =
        "The budget counts under \(AccountingChoices.word(for: budget.relation)); a guarantee under "
        + "\(mechanism.choices.adjacency) says nothing about it."
      throw Problem(.unsoundCombination, detail, errors: [.init(pointer: "/adjacency", detail: detail)])
    }
    let (unit, count) = mechanism.unitAndCount
    guard count <= Price.maximumCount else {
      let detail = "\(count) steps are more than the \(Price.maximumCount) that a budget prices at once."
      throw Problem(.invalidParameter, detail, errors: [.init(pointer: "/steps", detail: detail)])
    }
    self.mechanism = mechanism
    self.unit = unit
    self.count = count
  }

  func price(_ path: BudgetPath) throws -> Price {
    try mechanism.locating { try path.price(unit, count: count) }
  }

  /// The nearest settings that would fit, each checked against the budget.
  func settingsThatFit(_ path: BudgetPath, _ price: Price) throws -> [JSONValue] {
    guard case .training(let training) = mechanism.release else {
      return try FittingSettings(path: path, event: unit, price: price).list()
    }
    return try FittingSettings(path: path, training: training, price: price).list()
  }
}

/// How a run that does not fit would fit: with more noise, or with fewer steps.
struct FittingSettings {
  private let path: BudgetPath
  /// Of the whole run.
  private let price: Price
  /// The noise multiplier of a step, and the step with another one; nil for an event that has none.
  private let noise: (multiplier: Double, step: (Double) -> PrivacyEvent)?
  /// What clients call the number of units; nil where they gave none.
  private let countName: String?

  /// Noise beyond this drowns any gradient.
  private static let largestNoiseMultiplier = 1e4

  init(path: BudgetPath, training: Hyperparameters, price: Price) {
    self.path = path
    self.price = price
    countName = training.lengthField
    noise = (
      training.noiseMultiplier ?? 1,
      { multiplier in
        var run = training
        run.noiseMultiplier = multiplier
        return run.unitEvent
      }
    )
  }

  /// Of a job: its steps, with what else they release beside the sum.
  init(path: BudgetPath, plan: TrainingPlan, price: Price) {
    self.path = path
    self.price = price
    countName = "steps"
    noise = plan.mechanism.map { mechanism in
      (mechanism.noiseMultiplier, { mechanism.with(noiseMultiplier: $0).event(of: plan.sampling) })
    }
  }

  /// - Parameter event: what is counted `price.count` times.
  init(path: BudgetPath, event: PrivacyEvent, price: Price) {
    self.path = path
    self.price = price
    countName = price.count > 1 ? "count" : nil
    noise = event.noiseMultiplier.map { multiplier in (multiplier, { event.replacingNoiseMultiplier($0) }) }
  }

  /// `{noise_multiplier}` and `{steps}` (of an event `{count}`), as far as there are such; empty for a budget without
  /// room.
  func list() throws -> [JSONValue] {
    var settings: [JSONValue] = []
    if let noise = try leastNoiseMultiplier() { settings.append(["noise_multiplier": .number(noise)]) }
    if let countName {
      let count = try path.largestCount(of: price.counting(1), atMost: price.count)
      if count > 0 { settings.append(.object([.init(countName, .integer(count))])) }
    }
    return settings
  }

  /// The least noise multiplier, to three decimals, at which the run as it is would fit.
  private func leastNoiseMultiplier() throws -> Double? {
    guard let noise else { return nil }
    func admits(_ multiplier: Double) throws -> Bool {
      try path.admits(path.price(noise.step(multiplier), count: price.count))
    }
    var failing = max(noise.multiplier, 1e-3)
    var fitting = failing
    while try !admits(fitting) {
      guard fitting < Self.largestNoiseMultiplier else { return nil }
      failing = fitting
      fitting *= 2
    }
    while fitting - failing > 2e-4 * fitting {
      let middle = failing + (fitting - failing) / 2
      if try admits(middle) { fitting = middle } else { failing = middle }
    }
    // A number that people can type again, on the safe side and checked as such.
    let rounded = (fitting * 1_000).rounded(.up) / 1_000
    return try admits(rounded) ? rounded : fitting
  }
}

extension PrivacyEvent {
  /// Of an event that is one noisy release, sampled or not; nil for every other.
  fileprivate var noiseMultiplier: Double? {
    switch self {
    case .gaussian(let multiplier), .laplace(let multiplier): multiplier
    case .poissonSampled(_, let event): event.noiseMultiplier
    default: nil
    }
  }

  /// The same event with another noise multiplier; itself where it has none.
  fileprivate func replacingNoiseMultiplier(_ multiplier: Double) -> PrivacyEvent {
    switch self {
    case .gaussian: .gaussian(noiseMultiplier: multiplier)
    case .laplace: .laplace(noiseMultiplier: multiplier)
    case .poissonSampled(let probability, let event):
      .poissonSampled(samplingProbability: probability, event: event.replacingNoiseMultiplier(multiplier))
    default: self
    }
  }
}
