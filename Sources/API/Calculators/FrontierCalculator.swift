import Accounting

/// `POST /v1/frontier`: ε at every point of a grid, row-major in the order of its axes.
struct FrontierCalculator: Calculator {
  /// Beyond this many points a request is refused before any is computed.
  private static let pointLimit = 10_000

  /// The axes, in the order in which they are nested: the last one runs fastest.
  fileprivate struct Axes {
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
    if sampling == .fullBatch {
      fields.add("sampling", "full_batch has no batch size to vary.", code: .unsoundCombination)
    }
    let datasetSize = fields.integer("dataset_size", 1...Hyperparameters.datasetLimit)
    let axes = axes(fields, datasetSize)
    fields.finish()
    guard let choices, let datasetSize, let axes, fields.errors.isEmpty else { throw fields.errors.problem }
    return try Grid(axes: axes, choices: choices, sampling: sampling, datasetSize: datasetSize).answer()
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
}

/// The points of a grid, and what they share.
private struct Grid {
  let axes: FrontierCalculator.Axes
  let choices: AccountingChoices
  let sampling: Sampling
  let datasetSize: Int

  func answer() throws -> JSONValue {
    let figures = try figures()
    var warnings = Set(figures.compactMap(\.provenance.warning)).sorted()
    if let warning = sampling.warning { warnings.append(warning) }
    if figures.contains(where: { $0.upper == .infinity }) {
      warnings.append("epsilon is null where it is infinite: nothing finite is proved there.")
    }
    let accountants = Set(figures.map(\.provenance.accountant.rawValue))
    if accountants.count > 1 { warnings.append("accountant is null: some points are by pld, the others by rdp.") }
    let estimate: [JSONValue.Member] = choices.accountant == .gdp ? [.init("estimate", true)] : []
    return .object(
      [
        .init("axes", .array(axes.listed.map { ["name": .string($0), "values": .array(axes.values(of: $0))] })),
        .init("shape", .array(axes.listed.map { .integer(axes.values(of: $0).count) })),
        .init("epsilon", .array(figures.map { .number($0.upper) })),
        .init("epsilon_lower", .array(figures.map { JSONValue($0.lower) })),
        .init("dataset_size", .integer(datasetSize)),
        .init("adjacency", .string(choices.adjacency)),
        .init("sampling", .string(sampling.rawValue)),
        .init("accountant", accountants.count == 1 ? JSONValue(accountants.first) : .null),
        .init("assumptions", .array([sampling.assumption, choices.assumption].map { .string($0) })),
        .init("warnings", .array(warnings.map { .string($0) })),
      ] + estimate)
  }

  /// Row-major. Runs that differ only in their length share one unit, and are asked about together.
  private func figures() throws -> [EpsilonFigure] {
    var figures: [EpsilonFigure] = []
    figures.reserveCapacity(axes.count)
    for noise in axes.noiseMultiplier {
      // By batch size, then by δ, then by epochs.
      let columns = try axes.batchSize.map { batch in
        let runs = try axes.epochs.map { try run(noise, epochs: $0, batch: batch) }
        return try axes.delta.map { try column(runs, delta: $0) }
      }
      for epochs in axes.epochs.indices {
        for batch in axes.batchSize.indices {
          for delta in axes.delta.indices { figures.append(columns[batch][delta][epochs]) }
        }
      }
    }
    return figures
  }

  private func column(_ runs: [Mechanism], delta: Double) throws -> [EpsilonFigure] {
    let run = runs[0]
    return try run.locating {
      try run.checkWork(questions: runs.count * axes.noiseMultiplier.count * axes.batchSize.count * axes.delta.count)
      return try ChosenAccountant(run.unitAndCount.unit, choices)
        .epsilons(afterRepetitions: runs.map(\.unitAndCount.count), delta: delta)
    }
  }

  private func run(_ noise: Double, epochs: Double, batch: Int) throws -> Mechanism {
    let run = Hyperparameters(
      noiseMultiplier: noise, sampleRate: .batch(size: batch, of: datasetSize), length: .epochs(epochs),
      sampling: sampling)
    let problem =
      run.unitCount == nil || run.steps == nil
      ? "epochs = \(epochs) at batch_size = \(batch) is above \(Hyperparameters.stepLimit) steps."
      : run.unevenEpochs?.detail
    if let problem {
      throw Problem(.invalidParameter, problem, errors: [.init(pointer: "/epochs", detail: problem)])
    }
    return Mechanism(training: run, choices: choices, datasetSize: datasetSize)
  }
}

extension FrontierCalculator.Axes {
  fileprivate func values(of name: String) -> [JSONValue] {
    switch name {
    case "noise_multiplier": noiseMultiplier.map { .number($0) }
    case "epochs": epochs.map { .number($0) }
    case "batch_size": batchSize.map { .integer($0) }
    default: delta.map { .number($0) }
    }
  }
}
