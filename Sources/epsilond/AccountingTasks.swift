import API

/// The usual questions to an accountant, as request bodies: those that accountants are measured by.
///
/// One run has q = 256/60000, σ = 1.1, 60 epochs, δ = 1e-5. Asked are (a) its ε by Rényi divergence and (b) tightly, (c) σ for
/// ε = 3, (d) ε of 1,000 unlike Poisson-sampled Gaussian events, (e) ε at 1,000 checkpoints of the run, (f) ε on a grid of 50
/// noise multipliers by 50 numbers of epochs.
struct AccountingTask: Sendable {
  let name: String
  let path: String
  let body: JSONValue
  /// The figure of the answer, and the width of the widest bracket in it; nil where there is no lower bound.
  let read: @Sendable (JSONValue) -> (value: Double?, width: Double?)

  static let all: [AccountingTask] =
    [question("a_rdp", "/v1/epsilon", run, "rdp", epsilon), question("b_pld", "/v1/epsilon", run, "pld", epsilon)]
    + ["rdp", "pld"].flatMap { accountant in
      [
        question("c_\(accountant)", "/v1/noise-multiplier", target, accountant, noiseMultiplier),
        question("d_\(accountant)", "/v1/epsilon", unlike, accountant, epsilon),
        question("e_\(accountant)", "/v1/epsilon", run + [.init("trajectory", 1_000)], accountant, checkpoints),
        question("f_\(accountant)", "/v1/frontier", grid, accountant, points),
      ]
    }.sorted { $0.name < $1.name }

  private static func question(
    _ name: String, _ path: String, _ members: [JSONValue.Member], _ accountant: String,
    _ read: @escaping @Sendable (JSONValue) -> (value: Double?, width: Double?)
  ) -> AccountingTask {
    AccountingTask(
      name: name, path: path, body: .object(members + [.init("accountant", .string(accountant))]), read: read)
  }

  // MARK: Questions

  private static let steps = 14_063
  private static let length: [JSONValue.Member] = [
    .init("sample_rate", .number(256.0 / 60_000)), .init("steps", .integer(steps)), .init("delta", 1e-5),
  ]
  private static let run = length + [.init("noise_multiplier", 1.1)]
  private static let target = length + [.init("target_epsilon", 3)]

  private static let unlike: [JSONValue.Member] = [
    .init("delta", 1e-5),
    .init(
      "event",
      [
        "type": "composed",
        "events": .array(
          (0..<1_000).map { index in
            [
              "type": "poisson_sampled", "sampling_probability": .number(0.001 + 0.009 * Double(index) / 999),
              "event": [
                "type": "gaussian", "noise_multiplier": .number(0.8 + 1.2 * Double(index * 617 % 1_000) / 999),
              ],
            ]
          }),
      ]),
  ]

  private static let grid: [JSONValue.Member] = [
    .init("noise_multiplier", .array((0..<50).map { .number(0.6 + 3.4 * Double($0) / 49) })),
    .init("epochs", .array((0..<50).map { .number(1 + 99 * Double($0) / 49) })),
    .init("batch_size", 256), .init("dataset_size", 60_000), .init("delta", 1e-5),
  ]

  // MARK: Answers

  @Sendable private static func epsilon(_ answer: JSONValue) -> (value: Double?, width: Double?) {
    let (upper, lower) = (answer["epsilon"]?.double, answer["epsilon_lower"]?.double)
    return (upper, width(upper, lower))
  }

  @Sendable private static func noiseMultiplier(_ answer: JSONValue) -> (value: Double?, width: Double?) {
    let (found, tooSmall) = (answer["noise_multiplier"]?.double, answer["certificate"]?["noise_multiplier"]?.double)
    return (found, width(found, tooSmall))
  }

  /// At the last checkpoint.
  @Sendable private static func checkpoints(_ answer: JSONValue) -> (value: Double?, width: Double?) {
    let points = (answer["trajectory"]?.elements ?? []).map(epsilon)
    return (points.last?.value, widest(points.map(\.width)))
  }

  /// The sum over the grid, which all of its points are in.
  @Sendable private static func points(_ answer: JSONValue) -> (value: Double?, width: Double?) {
    let (uppers, lowers) = (answer["epsilon"]?.elements ?? [], answer["epsilon_lower"]?.elements ?? [])
    return (
      uppers.reduce(0) { $0 + ($1.double ?? .nan) }, widest(zip(uppers, lowers).map { width($0.double, $1.double) })
    )
  }

  private static func width(_ upper: Double?, _ lower: Double?) -> Double? {
    guard let upper, let lower else { return nil }
    return upper - lower
  }

  private static func widest(_ widths: [Double?]) -> Double? {
    let known = widths.compactMap(\.self)
    return known.count == widths.count ? known.max() : nil
  }
}

extension JSONValue {
  fileprivate var double: Double? {
    switch self {
    case .number(let number): number
    case .integer(let integer): Double(integer)
    default: nil
    }
  }

  fileprivate var elements: [JSONValue]? {
    if case .array(let elements) = self { elements } else { nil }
  }
}
