/// ε over a grid of settings.
public struct Frontier: Hashable, Sendable {
  /// The axes, outermost first.
  public struct Axes: Hashable, Sendable {
    /// Finite, ≥ 0.
    public var noiseMultipliers: [Double]
    public var lengths: [RunLength]
    /// q in (0, 1].
    public var sampleRates: [Double]
    /// In [0, 1].
    public var deltas: [Double]

    public init(noiseMultipliers: [Double], lengths: [RunLength], sampleRates: [Double], deltas: [Double]) {
      self.noiseMultipliers = noiseMultipliers
      self.lengths = lengths
      self.sampleRates = sampleRates
      self.deltas = deltas
    }

    /// Number of grid points; `nil` where it exceeds `Frontier.limit`.
    public var pointCount: Int? {
      var count = 1
      for length in [noiseMultipliers.count, lengths.count, sampleRates.count, deltas.count] {
        let (product, overflow) = count.multipliedReportingOverflow(by: length)
        if overflow || product > Frontier.limit { return nil }
        count = product
      }
      return count
    }
  }

  public let axes: Axes
  /// Row-major in the order of the axes: the last, δ, runs fastest.
  public let bounds: [EpsilonBound]
  /// The intervals of the same points, where the tight accountant was asked.
  public let brackets: [EpsilonBracket]?

  /// The most grid points.
  public static let limit = 100_000

  /// Evaluates the grid by Rényi divergence. Points that share noise and sample rate share their quadrature.
  /// - Parameter orders: as for `RenyiAccountant.epsilon(delta:orders:)`.
  /// - Throws: what any single point would throw, and `limitExceeded` for more than `limit` points.
  public init(
    axes: Axes, relation: NeighboringRelation = .addOrRemoveOne, orders: [Double]? = nil
  ) throws(AccountingError) {
    try self.init(axes: axes, relation: relation, accountant: .renyi(orders: orders))
  }

  /// Evaluates the grid by either accountant.
  /// - Throws: as above; by the tight accountant also `notCertified`.
  public init(
    axes: Axes, relation: NeighboringRelation = .addOrRemoveOne, accountant: SolvingAccountant
  ) throws(AccountingError) {
    guard let count = axes.pointCount else {
      throw .limitExceeded(path: [], what: "the number of grid points", limit: Frontier.limit)
    }
    let unknown = Evaluation(bound: EpsilonBound(epsilon: .infinity, delta: 0, order: nil))
    var points = [Evaluation](repeating: unknown, count: count)
    for (noiseIndex, noise) in axes.noiseMultipliers.enumerated() {
      try Domain.requireNoiseMultiplier(noise)
      for (rateIndex, rate) in axes.sampleRates.enumerated() {
        try Domain.requireSampleRate(rate)
        let step = PrivacyEvent.poissonSampled(
          samplingProbability: rate, event: .gaussian(noiseMultiplier: noise))
        let columns = try accountant.evaluations(
          of: step, repetitions: Frontier.steps(axes.lengths, rate), deltas: axes.deltas, relation)
        for (deltaIndex, column) in columns.enumerated() {
          for (lengthIndex, point) in column.enumerated() {
            let row = (noiseIndex * axes.lengths.count + lengthIndex) * axes.sampleRates.count + rateIndex
            points[row * axes.deltas.count + deltaIndex] = point
          }
        }
      }
    }
    self.axes = axes
    bounds = points.map(\.bound)
    brackets = accountant == .tight ? points.compactMap(\.bracket) : nil
  }

  private static func steps(_ lengths: [RunLength], _ rate: Double) throws(AccountingError) -> [Int] {
    var steps: [Int] = []
    for length in lengths { steps.append(try length.steps(samplingProbability: rate)) }
    return steps
  }
}
