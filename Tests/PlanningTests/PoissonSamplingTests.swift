import Planning
import Testing

@Suite struct PoissonSamplingTests {
  func sampling(_ batch: Int, of size: Int) -> PoissonSampling {
    PoissonSampling(expectedBatchSize: batch, datasetSize: size)
  }

  @Test func theTutorialTakes1172Steps() {
    // 5 · 60000 / 256 = 1171.875
    #expect(sampling(256, of: 60_000).steps(epochs: 5, limit: .max) == 1172)
    #expect(sampling(32, of: 60_000).steps(epochs: 1, limit: .max) == 1875)
  }

  @Test func stepsFollowTheDecimalThatWasWritten() {
    // As a double 0.1 lies above one tenth, and 0.3/0.1 floating-point quotients lie on either side of whole numbers.
    for (epochs, steps) in [(0.1, 100), (0.2, 200), (0.3, 300), (0.7, 700), (1.1, 1100), (2.3, 2300), (1e-3, 1)] {
      #expect(sampling(60, of: 60_000).steps(epochs: epochs, limit: .max) == steps, "\(epochs)")
    }
    #expect(sampling(60, of: 60_000).steps(epochs: 0.1001, limit: .max) == 101)
  }

  @Test func extremesNeitherTrapNorRoundToZero() {
    #expect(sampling(1, of: .max).steps(epochs: .greatestFiniteMagnitude, limit: .max) == nil)
    #expect(sampling(1, of: .max).steps(epochs: 1e9, limit: .max) == nil)
    #expect(sampling(1, of: .max).steps(epochs: 1, limit: .max) == .max)
    #expect(sampling(.max, of: .max).steps(epochs: .leastNonzeroMagnitude, limit: .max) == 1)
    #expect(sampling(1, of: 1).steps(epochs: 1e-45, limit: .max) == 1)
    #expect(sampling(1, of: 10).steps(epochs: 3, limit: 29) == nil)
    #expect(sampling(1, of: 10).steps(epochs: 3, limit: 30) == 30)
  }

  @Test func stepsAgreeWithIntegerDivisionForWholeEpochs() {
    for size in 1...40 {
      for batch in 1...size {
        for epochs in 1...5 {
          let expected = (epochs * size + batch - 1) / batch
          #expect(sampling(batch, of: size).steps(epochs: Double(epochs), limit: .max) == expected)
        }
      }
    }
  }

  /// q ≥ b/n exactly, that is q·n ≥ b, by whole-number arithmetic on the significand.
  @Test func theAccountedProbabilityIsNeverBelowTheTruth() {
    var roundedUp = 0
    for size in [3, 7, 10, 49, 60_000, 8191, 1_000_003] {
      for batch in [1, 2, 3, 5, 7, 256, 4095] where batch <= size {
        let q = sampling(batch, of: size).probability
        let significand = UInt128(q.significandBitPattern | (1 << 52))
        let shift = 52 - Int(q.exponent)
        #expect(significand * UInt128(size) >= UInt128(batch) << UInt128(shift))
        #expect((significand - 1) * UInt128(size) < UInt128(batch) << UInt128(shift), "the least such double")
        if q != Double(batch) / Double(size) { roundedUp += 1 }
      }
    }
    #expect(roundedUp > 5, "the correction was exercised")
    #expect(sampling(9, of: 9).probability == 1)
  }
}
