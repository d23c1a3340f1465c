import Foundation
import NeuralNetworks
import PrivateTraining
import Testing

@Suite struct ClippingFactorsTests {
  static let kinds: [ClippingFactors.Kind] = [.flat, .automatic(gamma: 0.01), .automatic(gamma: 1e-9), .normalised]

  /// Whatever the norm, what is added is no longer than C, and but for the margin as long as the rule says.
  @Test(arguments: kinds) func factorFollowsItsFormulaAndKeepsTheBound(kind: ClippingFactors.Kind) {
    // At 1.3e39 and beyond the nearest float32 of a factor can be twice the factor.
    for norm in [0, 1e-300, 1e-30, 1e-9, 1e-6, 0.1, 0.5, 1, 1.5, 1e3, 1e19, 2e38, 1.3e39, 3e41, 1e150] {
      for clippingNorm in [1e-6, 0.1, 1, 1e6] {
        let rule = ClippingFactors(kind, norms: [clippingNorm])
        let lowered = Double(rule.factor(squaredNorm: norm * norm)), factor = lowered * Double(rule.sumScale)
        #expect(lowered <= 1 && rule.sumScale >= 1 && rule.sumScale.significand == 1)
        #expect(factor * norm <= clippingNorm && factor >= 0 && factor.isFinite)
        guard factor > 1e-37 else { continue }
        let expected =
          switch kind {
          case .flat: min(1, clippingNorm / norm)
          case .automatic(let gamma): clippingNorm / (norm + gamma)
          case .normalised: min(clippingNorm / norm, 0x1p20)
          }
        let share = 1 - factor / expected
        #expect(share > -1e-6 && share <= ClippingFactors.margin + 1e-6, "norm \(norm), C \(clippingNorm)")
      }
    }
  }

  @Test(arguments: kinds) func nonFiniteNormsGetNothing(kind: ClippingFactors.Kind) {
    for hostile in [Double.nan, .infinity, -.infinity, -1, .signalingNaN] {
      #expect(ClippingFactors(kind, norms: [1]).factor(squaredNorm: hostile) == 0)
    }
  }

  /// A microbatch's sum is divided by its expected size, and then clipped as one gradient.
  @Test(arguments: kinds) func microbatchesAreClippedAsMeans(kind: ClippingFactors.Kind) {
    for norm in [0, 0.1, 0.9, 1, 20, 1e6] {
      let alone = Double(ClippingFactors(kind, norms: [0.7]).factor(squaredNorm: norm * norm))
      let together = Double(ClippingFactors(kind, norms: [0.7], divisor: 16).factor(squaredNorm: 256 * norm * norm))
      #expect(abs(together * 16 - alone) <= 1e-6 * alone)
    }
  }

  @Test func gradientsWithinTheNormAreCounted() {
    let factors = ClippingFactors(norms: [2], divisor: 4)
    #expect(factors.isWithin(squaredNorm: 0) && factors.isWithin(squaredNorm: 63))
    #expect(!factors.isWithin(squaredNorm: 64))
    for hostile in [Double.nan, .infinity, -1] { #expect(!factors.isWithin(squaredNorm: hostile)) }
  }

  @Test func everyGroupHasItsOwnNorm() {
    let rule = ClippingFactors(norms: [1, 4])
    let squaredNorms = [1.0, 4, 16, 64, 400, 0]  // [groups, count]
    var factors = [Float](repeating: .nan, count: 6)
    squaredNorms.withUnsafeBufferPointer { squaredNorms in
      factors.withUnsafeMutableBufferPointer { factors in
        [true, true, true].withUnsafeBufferPointer {
          rule.setFactors(squaredNorms: squaredNorms, isExample: $0, firstRow: 5, count: 3, into: factors)
        }
      }
    }
    #expect(zip(factors, [1, 0.5, 0.25, 0.5, 0.2, 1]).allSatisfy { abs($0 / $1 - 1) < 1e-3 })
  }

  /// Draws of 20,000 steps are standard normal and have nothing to do with the noise on the gradients.
  /// False alarm: 3e-6 (four tests at five standard errors, and one repeated step).
  @Test func countNoiseIsNormalAndItsOwn() throws {
    let noise = try CountNoise(key: knownKey(30))
    let steps = 20_000, n = Double(steps)
    let values = try (0..<steps).map { try noise.draw(step: $0) }
    #expect(abs(values.reduce(0, +)) < alarm * n.squareRoot())
    #expect(abs(values.reduce(0) { $0 + $1 * $1 } - n) < alarm * (2 * n).squareRoot())
    #expect(correlationAlarm(Array(values.dropLast()), Array(values.dropFirst())) < alarm)
    let gradientNoise = try GaussianNoise(key: knownKey(30))
    let others = try (0..<2000).map { Double(try draws(gradientNoise, step: $0, blocks: 0..<1)[0]) }
    #expect(correlationAlarm(Array(values[..<2000]), others) < alarm)
    #expect(try noise.draw(step: 17) == values[17])
  }

  /// Every example falls into each microbatch equally often, whoever else is in the sample.
  /// False alarm: 1e-6 (χ² with 12 degrees of freedom below 60 has probability 2e-8 of failing).
  @Test func microbatchesAreEvenAndDependOnTheExampleAlone() throws {
    let assignment = try MicrobatchAssignment(key: knownKey(31), count: 13)
    var counts = [Double](repeating: 0, count: 13)
    for step in 0..<20 {
      for example in 0..<1000 { counts[try assignment.microbatch(of: Int32(example), step: step)] += 1 }
    }
    let expected = 20_000.0 / 13
    #expect(counts.reduce(0) { $0 + ($1 - expected) * ($1 - expected) / expected } < 60)
    let sample = (0..<Int32(100)).filter { $0 % 3 != 0 }
    for removed in sample {
      let whole = try assignment.groups(of: sample, step: 4)
      let less = try assignment.groups(of: sample.filter { $0 != removed }, step: 4)
      #expect(whole.flatMap { $0 }.sorted() == sample)
      let expected = whole.map { $0.filter { $0 != removed } }.filter { !$0.isEmpty }
      #expect(less == expected, "only the removed example's own microbatch changes")
    }
  }
}
