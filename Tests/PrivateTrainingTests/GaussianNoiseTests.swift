import CKernels
import Foundation
import PrivateTraining
import Testing

@Suite struct GaussianNoiseTests {
  static let blocks = 512  // 2²⁰ values

  static func sample(standardDeviation: Double = 1) throws -> [Double] {
    let noise = try GaussianNoise(key: knownKey(1))
    return try draws(noise, step: 3, blocks: 0..<blocks, standardDeviation: standardDeviation).map(Double.init)
  }

  /// Mean, variance, skewness, kurtosis. False alarm: 2.4e-6 (four tests at five standard errors).
  @Test(arguments: [1, 0.8, 25.6]) func momentsAreThoseOfTheNormal(standardDeviation: Double) throws {
    let values = try Self.sample(standardDeviation: standardDeviation).map { $0 / standardDeviation }
    let n = Double(values.count)
    let mean = values.reduce(0, +) / n
    let variance = values.reduce(0) { $0 + $1 * $1 } / n
    let third = values.reduce(0) { $0 + $1 * $1 * $1 } / n
    let fourth = values.reduce(0) { $0 + $1 * $1 * $1 * $1 } / n
    #expect(abs(mean) * n.squareRoot() < alarm)
    #expect(abs(variance - 1) * (n / 2).squareRoot() < alarm)
    #expect(abs(third) * (n / 15).squareRoot() < alarm)  // Var(Z³) = 15
    #expect(abs(fourth - 3) * (n / 96).squareRoot() < alarm)  // Var(Z⁴) = 105 − 9
  }

  /// Each tail holds as many of 2²⁵ values as a normal's: Poisson counts, of which five standard errors and 3 are exceeded
  /// with probability below 6e-7 at every one of these expectations, down to 9.6 beyond 5 and 0.03 beyond 6.
  /// False alarm: 7e-6 (twelve counts).
  @Test func tailsAreFull() throws {
    let noise = try GaussianNoise(key: knownKey(2))
    let levels = [2.0, 3, 4, 4.5, 5, 6]
    var above = [Int](repeating: 0, count: levels.count), below = above, total = 0
    for step in 0..<32 {
      let values = try draws(noise, step: step, blocks: 0..<Self.blocks)
      total += values.count
      for value in values where abs(value) > 2 {
        for (place, level) in levels.enumerated() where Double(abs(value)) > level {
          if value > 0 { above[place] += 1 } else { below[place] += 1 }
        }
      }
    }
    for (place, level) in levels.enumerated() {
      let expected = Double(total) * normalDistribution(-level)
      for count in [above[place], below[place]] {
        #expect(
          abs(Double(count) - expected) < alarm * expected.squareRoot() + 3, "beyond \(level): \(count), \(expected)")
      }
    }
    // None beyond 5 would have probability 4e-9.
    #expect(above[4] + below[4] > 0)
  }

  /// Kolmogorov–Smirnov: D√n > 2.8 has probability 2·exp(−2·2.8²) = 3e-7.
  @Test func distributionIsNormal() throws {
    let values = try Self.sample().sorted()
    let n = Double(values.count)
    var distance = 0.0
    for (i, value) in values.enumerated() {
      let f = normalDistribution(value)
      distance = max(distance, f - Double(i) / n, Double(i + 1) / n - f)
    }
    #expect(distance * n.squareRoot() < 2.8)
  }

  /// Correlations of values and of squares between steps, blocks, attempts, and the two variates of a pair.
  /// False alarm: 6e-6 (ten tests at five standard errors).
  @Test func stepsBlocksAttemptsAndPairsAreIndependent() throws {
    let noise = try GaussianNoise(key: knownKey(3))
    let base = try draws(noise, step: 5, blocks: 0..<64).map(Double.init)
    let half = GaussianNoise.blockSize / 2
    let others: [String: [Double]] = [
      "step": try draws(noise, step: 6, blocks: 0..<64).map(Double.init),
      "block": try draws(noise, step: 5, blocks: 1..<65).map(Double.init),
      "attempt": try draws(GaussianNoise(key: knownKey(4)), step: 5, blocks: 0..<64).map(
        Double.init),
      "pair": base.indices.map { base[$0 % (2 * half) < half ? $0 + half : $0 - half] },
      "neighbour": Array(base.dropFirst()) + [base[0]],
    ]
    for (name, other) in others {
      #expect(correlationAlarm(base, other) < alarm, "\(name)")
      // In a pair every square is met twice, which doubles the variance of the correlation: hence √2.
      let squares = correlationAlarm(base.map { $0 * $0 }, other.map { $0 * $0 })
      #expect(squares < alarm * 2.0.squareRoot(), "\(name), squares")
    }
  }

  /// The angle of a pair is uniform: χ² with 63 degrees of freedom below 140 (false alarm 8e-8).
  @Test func anglesAreUniform() throws {
    let values = try Self.sample()
    let half = GaussianNoise.blockSize / 2
    var sectors = [Double](repeating: 0, count: 64)
    for block in stride(from: 0, to: values.count, by: 2 * half) {
      for i in block..<block + half {
        let turn = atan2(values[i + half], values[i]) / (2 * .pi) + 0.5
        sectors[min(63, Int(turn * 64))] += 1
      }
    }
    let expected = Double(values.count / 2) / 64
    #expect(sectors.reduce(0) { $0 + ($1 - expected) * ($1 - expected) / expected } < 140)
  }

  @Test func aDrawDependsOnKeyStepAndBlockOnly() throws {
    let noise = try GaussianNoise(key: knownKey(5))
    let forwards = try draws(noise, step: 9, blocks: 0..<4)
    let again = try GaussianNoise(key: knownKey(5))
    let backwards = try [3, 2, 1, 0].map { try draws(again, step: 9, blocks: $0..<$0 + 1) }.reversed().flatMap { $0 }
    #expect(forwards == backwards)
    #expect(Set(forwards).count > forwards.count - 8)  // nothing repeats, but for chance equality of float32 values
  }

  @Test func freshKeysDiffer() throws {
    let first = try GaussianNoise(key: AttemptKey())
    let second = try GaussianNoise(key: AttemptKey())
    #expect(try draws(first, step: 0, blocks: 0..<1) != draws(second, step: 0, blocks: 0..<1))
  }

  /// Against libm on random words and on every edge of the bit arithmetic: one bit, all but one bit, runs of ones.
  @Test func kernelAgreesWithTheReference() throws {
    var words = [UInt64](repeating: 0, count: 1 << 16)
    try words.withUnsafeMutableBytes { try Keystream(key: knownKey(6)).fill($0, at: .init(.noise, step: 0, block: 0)) }
    var edges: [UInt64] = [0, .max]
    for place in 0..<64 {
      let bit = UInt64(1) << place, high = UInt64.max << place
      edges += [bit, ~bit, high, ~high]
    }
    let pairs = edges.count * edges.count
    words += edges.flatMap { edge in edges.map { _ in edge } } + edges.flatMap { _ in edges }
    for (from, count) in [(0, 1 << 15), (1 << 16, pairs), (7, 1), (7, 3), (9, 33)] {
      let part = Array(words[from..<from + 2 * count])
      var kernel = [Double](repeating: .nan, count: 2 * count), reference = kernel
      var rounded = [Float](repeating: .nan, count: 2 * count)
      noise_box_muller_double(part, count, 1.7, &kernel)
      noise_box_muller_reference(part, count, 1.7, &reference)
      noise_box_muller(part, count, 1.7, &rounded)
      let worst = zip(kernel, reference).map { $1 == 0 ? abs($0) : abs($0 - $1) / abs($1) }.max()!
      #expect(worst < 2e-15)
      #expect(rounded == kernel.map { Float($0) })
    }
  }

  @Test func theTailReachesBeyondNineStandardDeviations() {
    var variates = [Double](repeating: 0, count: 2)
    noise_box_muller_double([0, 0], 1, 1, &variates)
    let radius = hypot(variates[0], variates[1])
    #expect(abs(radius - (2 * 65 * log(2.0)).squareRoot()) < 1e-14)
  }

  @Test func drawAgreesWithTheReferenceAndAZeroDeviationGivesZeros() throws {
    let noise = try GaussianNoise(key: knownKey(7))
    let values = try draws(noise, step: 1, blocks: 2..<3, standardDeviation: 0.8)
    var reference = [Double](repeating: 0, count: GaussianNoise.blockSize)
    try reference.withUnsafeMutableBufferPointer {
      try noise.drawReference(step: 1, block: 2, standardDeviation: 0.8, into: $0)
    }
    #expect(zip(values, reference).allSatisfy { abs(Double($0) - $1) <= 6e-8 * abs($1) })
    let silent = try GaussianNoise(key: knownKey(7))
    #expect(try draws(silent, step: 1, blocks: 0..<1, standardDeviation: 0).allSatisfy { $0 == 0 })
  }
}
