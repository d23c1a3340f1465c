import Accounting

/// `POST /v1/frontier`: ε at every point of a grid, row-major in the order of its axes.
struct FrontierCalculator: Calculator {
  /// Beyond this many points a request is refused before any is computed.
  private static let pointLimit = 10_000

  /// The axes, in the order in which they are nested: the last one runs fastest.
  private struct Axes {
    var noiseMultiplier: [Double]
    var epochs: [Double]
    var batchSize: [Int]
    var delta: [Double]
    /// Those that were given as lists; the others are fixed and have no axis.
    var listed: [String]

    var count: Int {
      [noiseMultiplier.count, epochs.count, batchSize.count, delta.count].reduce(1) { $0 * $1 }
    }
  }

  func answer(_ fields: FieldReader) throws -> JSONValue {
    fields.refuse("event", because: "a grid varies hyperparameters.")
    for name in ["steps", "sample_rate"] {
      fields.refuse(name, because: "a grid is over epochs and batch_size, from which steps and sample rate follow.")
    }
    let choices = AccountingChoices(fields, isEvent: false)
    let sampling = fields.optionalChoice("sampling", API.choices(Sampling.self)) ?? .poisson
    if let reason = sampling.whyNotAvailable ?? (sampling == .fullBatch ? "full_batch has no batch size to vary." : nil)
    {
      fields.add("sampling", reason, code: .unsoundCombination)
    }
    let datasetSize = fields.integer("dataset_size", 1...Hyperparameters.datasetLimit)
    let axes = axes(fields, datasetSize)
    fields.finish()
    guard let choices, let datasetSize, let axes, fields.errors.isEmpty else { throw fields.errors.problem }
    return try answer(axes, choices, datasetSize)
  }

  private func axes(_ fields: FieldReader, _ datasetSize: Int?) -> Axes? {
    // An axis alone may have as many elements as the whole grid.
    let noise = fields.numbers("noise_multiplier", count: 1...Self.pointLimit, .noise)
    let epochs = fields.numbers("epochs", count: 1...Self.pointLimit, .positive)
    let batches = fields.integers(
      "batch_size", count: 1...Self.pointLimit, 1...(datasetSize ?? Hyperparameters.datasetLimit))
    let delta = fields.numbers("delta", count: 1...Self.pointLimit, .from(0, below: 1))
    guard let noise, let epochs, let batches, let delta else { return nil }
    let listed = ["noise_multiplier", "epochs", "batch_size", "delta"].filter { fields.isList($0) }
    // Each factor is at most 10⁴, so the product fits.
    let axes = Axes(noiseMultiplier: noise, epochs: epochs, batchSize: batches, delta: delta, listed: listed)
    guard axes.count <= Self.pointLimit else {
      fields.errors.add(
        fields.pointer, "The grid has \(axes.count) points; at most \(Self.pointLimit) are computed at once.")
      return nil
    }
    return axes
  }

  private func answer(_ axes: Axes, _ choices: AccountingChoices, _ datasetSize: Int) throws -> JSONValue {
    var epsilons: [Double] = []
    epsilons.reserveCapacity(axes.count)
    for noise in axes.noiseMultiplier {
      for epochs in axes.epochs {
        for batch in axes.batchSize {
          epsilons += try row(noise, epochs, batch, axes.delta, choices, datasetSize)
        }
      }
    }
    var warnings = [choices.accountant.warning].compactMap { $0 }
    if epsilons.contains(.infinity) {
      warnings.append("epsilon is null where it is infinite: nothing finite is proved there.")
    }
    let shape = zip(axes.listed, axes.listed.map { length(of: $0, axes) })
    return .object([
      .init("axes", .array(axes.listed.map { ["name": .string($0), "values": values(of: $0, axes)] })),
      .init("shape", .array(shape.map { .integer($1) })),
      .init("epsilon", .array(epsilons.map { .number($0) })),
      .init("dataset_size", .integer(datasetSize)),
      .init("adjacency", .string(choices.adjacency)),
      .init("sampling", "poisson"),
      .init("accountant", "rdp"),
      .init("assumptions", .array([choices.assumption].map { .string($0) })),
      .init("warnings", .array(warnings.map { .string($0) })),
    ])
  }

  /// ε at each δ: one curve serves them all.
  private func row(
    _ noise: Double, _ epochs: Double, _ batch: Int, _ deltas: [Double], _ choices: AccountingChoices,
    _ datasetSize: Int
  ) throws -> [Double] {
    let run = Hyperparameters(
      noiseMultiplier: noise, sampleRate: .batch(size: batch, of: datasetSize), length: .epochs(epochs),
      sampling: .poisson)
    guard run.steps != nil else {
      let detail = "epochs = \(epochs) at batch_size = \(batch) is above \(Hyperparameters.stepLimit) steps."
      throw Problem(.invalidParameter, detail, errors: [.init(pointer: "/epochs", detail: detail)])
    }
    let mechanism = Mechanism(training: run, choices: choices, datasetSize: datasetSize)
    return try mechanism.accounting { accountant in
      try deltas.map { try accountant.epsilon(delta: $0, orders: choices.orders).epsilon }
    }
  }

  private func length(of name: String, _ axes: Axes) -> Int {
    guard case .array(let elements) = values(of: name, axes) else { return 1 }
    return elements.count
  }

  private func values(of name: String, _ axes: Axes) -> JSONValue {
    switch name {
    case "noise_multiplier": .array(axes.noiseMultiplier.map { .number($0) })
    case "epochs": .array(axes.epochs.map { .number($0) })
    case "batch_size": .array(axes.batchSize.map { .integer($0) })
    default: .array(axes.delta.map { .number($0) })
    }
  }
}
