import Foundation
import PrivateTraining
import Testing

@Suite struct PoissonSamplerTests {
  static func batches(_ probability: Double, count: Int, steps: Int, key: Int = 11) throws -> [[Int32]] {
    let sampler = try PoissonSampler(key: knownKey(key), probability: probability, count: count)
    return try (0..<steps).map { step in
      var batch = [Int32]()
      try sampler.draw(step: step, into: &batch)
      return batch
    }
  }

  /// The threshold is ⌊q·2⁸⁰⌋ in integer arithmetic on the bits of q.
  @Test func thresholdIsExact() {
    let probabilities: [Double] = [
      0.5, 0.25, 0.1, 1.0 / 3, 256.0 / 60000, 1e-3, 1e-5, 0x1p-16, 0x1p-17, 0x1p-27, 1.0.nextDown, 0.5.nextUp, 1e-9,
      1e-15,
      0x1p-80, 0x1p-81, .leastNonzeroMagnitude,
    ]
    for q in probabilities {
      let significand = UInt128(q.significandBitPattern) | (q.isNormal ? 1 << 52 : 0)
      let shift = (q.isNormal ? Int(q.exponentBitPattern) : 1) - 1023 - 52 + 80
      let exact = shift >= 0 ? significand << UInt128(shift) : shift > -128 ? significand >> UInt128(-shift) : 0
      let threshold = PoissonSampler.Threshold(q)
      #expect(UInt128(threshold.leading) << 64 | UInt128(threshold.trailing) == exact, "q = \(q)")
    }
  }

  /// Against the definition: example i is in when its 80-bit number is below the threshold.
  @Test(arguments: [0.5, 0.3, 256.0 / 60000, 1.5 / 65536, 0.4 / 65536, 1.0.nextDown])
  func batchesFollowTheDefinition(probability: Double) throws {
    let count = 20_000
    let keystream = try Keystream(key: knownKey(11))
    let threshold = UInt128(probability * 0x1p80)
    for (step, batch) in try Self.batches(probability, count: count, steps: 3).enumerated() {
      var expected = [Int32]()
      for chunk in 0...(count - 1) / 8192 {
        var words = [UInt16](repeating: 0, count: 8192)
        try words.withUnsafeMutableBytes { try keystream.fill($0, at: .init(.inclusion, step: step, block: chunk)) }
        for (place, word) in words.enumerated() where chunk * 8192 + place < count {
          var tail: UInt64 = 0
          let example = chunk * 8192 + place
          try withUnsafeMutableBytes(of: &tail) {
            try keystream.fill($0, at: .init(.inclusionTie, step: step, block: example))
          }
          if UInt128(word) << 64 | UInt128(tail) < threshold { expected.append(Int32(example)) }
        }
      }
      #expect(batch == expected)
    }
  }

  /// Frequency, each example's share, and the spread of batch sizes. False alarm: 2e-6.
  @Test(arguments: [0.004, 0.3]) func inclusionIsIndependentWithTheStatedProbability(q: Double) throws {
    let count = 5000, steps = 400
    let batches = try Self.batches(q, count: count, steps: steps)
    let trials = Double(count * steps)
    let included = Double(batches.reduce(0) { $0 + $1.count })
    #expect(abs(included - trials * q) < alarm * (trials * q * (1 - q)).squareRoot())

    var perExample = [Double](repeating: 0, count: count)
    for batch in batches { for example in batch { perExample[Int(example)] += 1 } }
    // Pearson's dispersion: a sum of `count` independent squares, nearly normal; its variance holds for small means too.
    let mean = Double(steps) * q, variance = mean * (1 - q)
    let dispersion = perExample.reduce(0) { $0 + ($1 - mean) * ($1 - mean) / variance }
    #expect(abs(dispersion - Double(count)) < alarm * (Double(count) * (2 + 1 / variance)).squareRoot())

    // The batch size is binomial: its spread is that of independent examples, neither fixed nor clumped.
    let size = Double(count) * q
    let spread = batches.reduce(0) { $0 + pow(Double($1.count) - size, 2) } / (size * (1 - q))
    #expect(abs(spread - Double(steps)) < alarm * (Double(steps) * (2 + 1 / (size * (1 - q)))).squareRoot())
  }

  /// How often neighbours are in together, and the same example in successive steps. False alarm: 2e-6.
  @Test func pairsAreIndependent() throws {
    let q = 0.1, count = 5000, steps = 200
    let flags = try Self.batches(q, count: count, steps: steps).map { batch in
      var flags = [Bool](repeating: false, count: count)
      for example in batch { flags[Int(example)] = true }
      return flags
    }
    func check(_ together: Int, of trials: Int) {
      let expected = Double(trials) * q * q
      // Overlapping pairs share an example: their covariance adds at most 2q(1 − q)/(1 − q²) to the variance.
      let variance = expected * (1 - q * q) + 2 * Double(trials) * (q * q * q - q * q * q * q)
      #expect(abs(Double(together) - expected) < alarm * variance.squareRoot())
    }
    check(flags.reduce(0) { $0 + zip($1, $1.dropFirst()).count { $0 && $1 } }, of: (count - 1) * steps)
    check(zip(flags, flags.dropFirst()).reduce(0) { $0 + zip($1.0, $1.1).count { $0 && $1 } }, of: count * (steps - 1))
  }

  @Test func attemptsAndStepsGiveOtherBatches() throws {
    let batches = try Self.batches(0.05, count: 2000, steps: 20)
    #expect(Set(batches).count == 20)
    #expect(try Self.batches(0.05, count: 2000, steps: 1, key: 12)[0] != batches[0])
  }

  @Test func edgesOfTheProbability() throws {
    #expect(try Self.batches(1, count: 9000, steps: 2).allSatisfy { $0 == Array(0..<9000) })
    // A million trials at 1e-12 and at the least double: a hit has probability 1e-6 for a random key.
    #expect(try Self.batches(1e-12, count: 100_000, steps: 10).allSatisfy(\.isEmpty))
    #expect(try Self.batches(.leastNonzeroMagnitude, count: 100_000, steps: 10).allSatisfy(\.isEmpty))
    #expect(try Self.batches(0.5, count: 0, steps: 2).allSatisfy(\.isEmpty))
    #expect(try Self.batches(0.5, count: 1, steps: 200).contains { $0 == [0] })
  }

  /// Removing the last example, or adding one, changes nobody else's fate.
  @Test func inclusionDoesNotDependOnTheNumberOfExamples() throws {
    let large = try Self.batches(0.01, count: 20_000, steps: 5)
    for count in [1, 8191, 8192, 8193, 19_999] {
      #expect(try Self.batches(0.01, count: count, steps: 5) == large.map { $0.filter { $0 < count } })
    }
  }
}
