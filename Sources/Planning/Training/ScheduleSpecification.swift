import Glibc

/// How the learning rate changes over the steps of a run: a public function of the step's number.
///
/// During the first `warmupSteps` = w steps the rate rises in equal parts: step s (from 0) has (s + 1)/(w + 1) of it. After
/// them it follows the shape, with t the steps since the warm-up and T the steps of the run less w.
public struct ScheduleSpecification: Hashable, Sendable {
  public enum Shape: Hashable, Sendable {
    /// 1.
    case constant
    /// From 1 to `finalFactor` along a line: 1 − (1 − f)·t/T.
    case linear(finalFactor: Double = 0)
    /// From 1 to `finalFactor` along half a cosine: f + (1 − f)·(1 + cos(π·t/T))/2 (Loshchilov and Hutter 2017,
    /// arXiv:1608.03983, equation (5), without restarts).
    case cosine(finalFactor: Double = 0)
    /// rate^⌊t/every⌋.
    case step(every: Int, rate: Double)
    /// rate^(t/every).
    case exponential(every: Int, rate: Double)
  }

  public var shape: Shape
  /// ≥ 0, and below the steps of the run.
  public var warmupSteps: Int

  public init(_ shape: Shape, warmupSteps: Int = 0) {
    self.shape = shape
    self.warmupSteps = warmupSteps
  }

  public static let constant = ScheduleSpecification(.constant)

  /// What the learning rate of step `step`, from 0, is multiplied with, in a run of `steps` steps.
  public func factor(step: Int, of steps: Int) -> Double {
    guard step >= warmupSteps else { return Double(step + 1) / (Double(warmupSteps) + 1) }
    let passed = Double(step - warmupSteps)
    let fraction = passed / Double(max(steps - warmupSteps, 1))
    switch shape {
    case .constant: return 1
    case .linear(let last): return 1 - (1 - last) * fraction
    case .cosine(let last): return last + (1 - last) * (1 + cos(.pi * fraction)) / 2
    case .step(let every, let rate): return pow(rate, (passed / Double(every)).rounded(.down))
    case .exponential(let every, let rate): return pow(rate, passed / Double(every))
    }
  }
}

extension ScheduleSpecification: FieldRecord {
  enum Kind: String, CaseIterable {
    case constant, linear, cosine, step, exponential
  }

  private static let shapeFields = ["final_factor", "decay_steps", "decay_rate"]

  public init?(fields: some FieldSource) {
    let kind: Kind? = fields.choice("type")
    warmupSteps = fields.optionalInteger("warmup_steps") ?? 0
    let shape = kind.flatMap { Self.shape($0, fields) }
    fields.finish()
    guard let shape else { return nil }
    self.shape = shape
  }

  private static func shape(_ kind: Kind, _ fields: some FieldSource) -> Shape? {
    func refuse(but own: String...) {
      fields.refuse(
        shapeFields.filter { !own.contains($0) },
        because: "a \(kind.rawValue) schedule has the fields \((["warmup_steps"] + own).joined(separator: ", ")).")
    }
    switch kind {
    case .constant:
      refuse()
      return .constant
    case .linear, .cosine:
      refuse(but: "final_factor")
      let last = fields.optionalNumber("final_factor") ?? 0
      return kind == .linear ? .linear(finalFactor: last) : .cosine(finalFactor: last)
    case .step, .exponential:
      refuse(but: "decay_steps", "decay_rate")
      let every = fields.integer("decay_steps")
      let rate = fields.number("decay_rate")
      guard let every, let rate else { return nil }
      return kind == .step ? .step(every: every, rate: rate) : .exponential(every: every, rate: rate)
    }
  }

  public var members: [FieldMember] {
    let (kind, own): (Kind, [FieldMember]) =
      switch shape {
      case .constant: (.constant, [])
      case .linear(let last): (.linear, [FieldMember("final_factor", .number(last))])
      case .cosine(let last): (.cosine, [FieldMember("final_factor", .number(last))])
      case .step(let every, let rate): (.step, Self.decay(every, rate))
      case .exponential(let every, let rate): (.exponential, Self.decay(every, rate))
      }
    return [FieldMember("type", .text(kind.rawValue)), FieldMember("warmup_steps", .integer(warmupSteps))] + own
  }

  private static func decay(_ every: Int, _ rate: Double) -> [FieldMember] {
    [FieldMember("decay_steps", .integer(every)), FieldMember("decay_rate", .number(rate))]
  }
}
