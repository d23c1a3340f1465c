import Accounting
import Testing

/// Trees and matrix strategies against every participation of small ones.
@Suite struct SensitivityTests {
  /// D_2 = sensitivity²/σ² with σ = 1.
  private func squaredSensitivity(_ event: PrivacyEvent, _ relation: NeighboringRelation = .addOrRemoveOne) throws
    -> Double
  {
    try RenyiAccountant(event: event, relation: relation).curve(orders: [2]).divergences[0]
  }

  /// Every set of at most `count` of the steps with at least `distance` from one to the next.
  private func participations(steps: Int, count: Int, distance: Int) -> [[Int]] {
    func extended(_ chosen: [Int], from start: Int) -> [[Int]] {
      guard chosen.count < count, start < steps else { return [chosen] }
      return (start..<steps).reduce([chosen]) { $0 + extended(chosen + [$1], from: $1 + distance) }
    }
    return extended([], from: 0)
  }

  @Test func treesMatchEveryParticipation() throws {
    for steps in [1, 2, 3, 5, 8, 11, 16, 21] {
      for count in 1...4 {
        for separation in [0, 1, 2, 3, 6] {
          let truth =
            participations(steps: steps, count: count, distance: separation + 1)
            .map { nodeSquares($0, steps: steps) }.max() ?? 0
          let event = PrivacyEvent.treeAggregation(
            noiseMultiplier: 1,
            schedule: .single(totalSteps: steps, maxParticipation: count, minSeparation: separation))
          let got = try squaredSensitivity(event)
          #expect(abs(got / Double(truth) - 1) < 1e-14, "\(steps), \(count), \(separation): \(got), \(truth)")
        }
      }
    }
  }

  /// Σ over complete dyadic blocks of the square of how many participations lie in them.
  private func nodeSquares(_ chosen: [Int], steps: Int) -> Int {
    var sum = 0
    var size = 1
    while size <= steps {
      for block in 0..<(steps / size) {
        let inside = chosen.filter { $0 / size == block }.count
        sum += inside * inside
      }
      size *= 2
    }
    return sum
  }

  /// Trees that are too large for every plan get a bound that still encloses what one participation reaches.
  @Test func largeTreesAreBounded() throws {
    let event = PrivacyEvent.treeAggregation(
      noiseMultiplier: 1e4,
      schedule: .single(totalSteps: 1_000_000_000, maxParticipation: 50_000, minSeparation: 12_345))
    let bracket = try TightAccountant(event: event).delta(epsilon: 1)
    #expect(bracket.upper <= 1 && (bracket.lower ?? 0) <= bracket.upper)
    let powerOfTwo = PrivacyEvent.treeAggregation(
      noiseMultiplier: 1, schedule: .single(totalSteps: 1 << 20, maxParticipation: 16, minSeparation: (1 << 16) - 1))
    // Levels 0 to 16 hold 16 nodes of one participation each, then 8 of two, 4 of four, 2 of eight, 1 of sixteen.
    #expect(abs(try squaredSensitivity(powerOfTwo) / Double(17 * 16 + 8 * 4 + 4 * 16 + 2 * 64 + 256) - 1) < 1e-13)
    let extreme = PrivacyEvent.treeAggregation(
      noiseMultiplier: 1,
      schedule: .single(totalSteps: 1_000_000_000, maxParticipation: 1_000_000_000, minSeparation: .max))
    #expect(abs(try squaredSensitivity(extreme) / 30 - 1) < 1e-14)
  }

  /// The greatest ‖Σ C_i‖² over participations, all vectors equal.
  private func greatestSquare(_ rows: [[Double]], count: Int, separation: Int) -> Double {
    participations(steps: rows.count, count: count, distance: separation).map { chosen in
      rows.reduce(0.0) { sum, row in
        let value = chosen.reduce(0.0) { $0 + row[$1] }
        return sum + value * value
      }
    }.max() ?? 0
  }

  private func lowerTriangular(_ size: Int, _ random: inout Reproducible, _ range: ClosedRange<Double>) -> [[Double]] {
    (0..<size).map { row in (0..<size).map { $0 <= row ? Double.random(in: range, using: &random) : 0 } }
  }

  @Test func nonNegativeMatricesAreExact() throws {
    var random = Reproducible(seed: 7)
    for size in [1, 4, 9] {
      for (count, separation) in [(1, 1), (2, 3), (3, 2), (9, 1)] {
        let rows = lowerTriangular(size, &random, 0...2)
        let event = PrivacyEvent.matrixFactorization(
          noiseMultiplier: 1, strategy: .dense(rows: rows, maxParticipation: count, minSeparation: separation))
        let truth = greatestSquare(rows, count: count, separation: separation)
        #expect(abs(try squaredSensitivity(event) / truth - 1) < 1e-12)
        #expect(abs(try squaredSensitivity(event, .replaceOne) / (4 * truth) - 1) < 1e-12)
      }
    }
  }

  /// With signs, vectors that are equal or opposite in each step reach a part of the bound, which must lie above.
  @Test func signedMatricesAreBounded() throws {
    var random = Reproducible(seed: 8)
    for size in [3, 7, 40] {
      let rows = lowerTriangular(size, &random, -1...1)
      let event = PrivacyEvent.matrixFactorization(
        noiseMultiplier: 1, strategy: .dense(rows: rows, maxParticipation: 3, minSeparation: 2))
      let bound = try squaredSensitivity(event)
      #expect(bound >= greatestSquare(rows, count: 3, separation: 2) * (1 - 1e-12))
      let tight = try TightAccountant(event: event).epsilon(delta: 1e-5)
      #expect(try #require(tight.lower) <= tight.upper)
    }
  }

  private func toeplitz(_ column: [Double], _ steps: Int, _ count: Int, _ separation: Int) -> PrivacyEvent {
    .matrixFactorization(
      noiseMultiplier: 1,
      strategy: .toeplitz(coefficients: column, steps: steps, maxParticipation: count, minSeparation: separation))
  }

  @Test func toeplitzMatchesDense() throws {
    for column in [[1.0], [1, 0.5, 0.375, 0.3125], [1, 0.9, 0.1], [0.2, 1, 0.5], [1, -0.5, -0.125], [0, 0]] {
      for (steps, count, separation) in [(4, 1, 1), (9, 3, 2), (12, 4, 3), (12, 5, 1)] {
        let rows = (0..<steps).map { row in
          (0..<steps).map { row >= $0 && row - $0 < column.count ? column[row - $0] : 0 }
        }
        let got = try squaredSensitivity(toeplitz(column, steps, count, separation))
        let truth = greatestSquare(rows, count: count, separation: separation)
        let isExact = column.allSatisfy { $0 >= 0 } || column.count <= separation || count == 1
        #expect(got >= truth * (1 - 1e-12), "\(column), \(steps), \(count), \(separation)")
        if isExact, truth > 0 { #expect(abs(got / truth - 1) < 1e-12, "\(column), \(steps), \(count), \(separation)") }
      }
    }
  }

  @Test func longToeplitzStrategiesTakeLittleTime() throws {
    // Orthogonal columns: each participation costs the squared norm, 1.25.
    let banded = try squaredSensitivity(toeplitz([1, 0.5], 1_000_000_000, 1_000_000, 500))
    #expect(abs(banded / 1.25e6 - 1) < 1e-12)
    let long = (0..<2_000).map { 1 / Double($0 + 1) }
    let overlapping = try squaredSensitivity(toeplitz(long, 100_000_000, 100_000, 1_000))
    #expect(overlapping > 100_000 * long.reduce(0.0) { $0 + $1 * $1 })
    let given = try squaredSensitivity(.matrixFactorization(noiseMultiplier: 1, strategy: .sensitivity(3)))
    #expect(abs(given / 9 - 1) < 1e-14)
    let wide = Array(repeating: Array(repeating: 0.0, count: 1_001), count: 1_001)
    #expect(throws: AccountingError.self) {
      try squaredSensitivity(
        .matrixFactorization(
          noiseMultiplier: 1, strategy: .dense(rows: wide, maxParticipation: 1, minSeparation: 1)))
    }
  }
}
