import Accounting
import Testing

/// Hostile and extreme parameters of the events beyond DP-SGD: a typed error or numbers; never a trap, never NaN.
@Suite struct FamilyLimitTests {
  private static let scales = [Double.leastNonzeroMagnitude, 1e-300, 1e-9, 0.02, 1, 1e4, 1e160, 1e300]
  private static let orders = [1 + 1e-15, 1.5, 2, 64, 1e6]

  /// `nil` where the combination has no proved bound.
  private func accountant(_ event: PrivacyEvent, _ relation: NeighboringRelation) throws -> RenyiAccountant? {
    do {
      return try RenyiAccountant(event: event, relation: relation)
    } catch {
      guard case .unsoundCombination = error else { throw error }
      return nil
    }
  }

  private func check(_ event: PrivacyEvent, isFree: Bool = false) throws {
    for relation in NeighboringRelation.allCases {
      guard let accountant = try accountant(event, relation) else { continue }
      let curve = try accountant.curve(orders: Self.orders).divergences
      #expect(curve.allSatisfy { $0 >= 0 }, "\(event), \(relation): \(curve)")
      #expect(isFree || curve.allSatisfy { $0 > 0 }, "\(event), \(relation): \(curve)")
      for (lower, higher) in zip(curve, curve.dropFirst()) {
        // The error terms of moments of allocation are absolute.
        #expect(lower <= higher * (1 + 1e-9) + 1e-9, "\(event), \(relation): \(curve)")
      }
      #expect(try accountant.epsilon(delta: 1e-6).epsilon >= 0)
      #expect(try accountant.delta(epsilon: 1).delta >= 0)
    }
  }

  @Test func discreteNoise() throws {
    for scale in Self.scales {
      for sensitivity in [1, 1_000, Int.max] {
        try check(.discreteLaplace(scale: scale, sensitivity: sensitivity))
        try check(.discreteGaussian(scale: scale, sensitivity: sensitivity))
      }
      try check(.exponentialMechanism(epsilon: scale))
    }
    try check(.exponentialMechanism(epsilon: -0.0), isFree: true)
  }

  @Test func samples() throws {
    for scale in Self.scales {
      for (dataset, sample) in [(1, 1), (2, 1), (Int.max, 1), (Int.max, Int.max - 1), (1_000, 17)] {
        try check(
          .sampledWithoutReplacement(
            datasetSize: dataset, sampleSize: sample, event: .gaussian(noiseMultiplier: scale)))
      }
      for probability in [Double.leastNonzeroMagnitude, 1e-9, 0.3, 1.0.nextDown, 1] {
        for batch in [1, 30, 1_000, Int.max] {
          try check(
            .truncatedPoissonSampledGaussian(
              datasetSize: 1_000, samplingProbability: probability, truncatedBatchSize: batch,
              noiseMultiplier: scale))
        }
        for inner in [
          PrivacyEvent.laplace(noiseMultiplier: scale), .discreteLaplace(scale: scale, sensitivity: 3),
          .discreteGaussian(scale: scale, sensitivity: 3), .epsilonDelta(epsilon: scale, delta: 0),
          .exponentialMechanism(epsilon: scale),
        ] { try check(.poissonSampled(samplingProbability: probability, event: inner)) }
      }
    }
    let huge = PrivacyEvent.truncatedPoissonSampledGaussian(
      datasetSize: .max, samplingProbability: 0.5, truncatedBatchSize: .max / 2, noiseMultiplier: 1)
    #expect(throws: AccountingError.self) { try RenyiAccountant(event: huge) }
  }

  @Test func allocationsAndMixtures() throws {
    for scale in Self.scales {
      for (bins, selected) in [(1, 1), (2, 1), (Int.max, 1), (Int.max, .max), (100, 60), (1_000_000, 3)]
      where selected < 1_000_000_000 {
        try check(.randomAllocation(noiseMultiplier: scale, bins: bins, selected: selected))
      }
      for sensitivity in Self.scales {
        try check(
          .mixtureOfGaussians(
            standardDeviation: scale, sensitivities: [0, sensitivity, 1, 2 * sensitivity],
            samplingProbabilities: [0.5, 0.25, 1e-12, 0.25 - 1e-12]))
      }
    }
  }

  @Test func selections() throws {
    for scale in [1e-300, 0.02, 1, 1e9, 1e300] {
      for (mean, shape) in [
        (1.0.nextUp, 0.0), (1e300, 0), (3, 1), (5, 1e-300), (5, 1e300), (1e-300, nil), (4, nil), (1e300, nil),
      ] as [(Double, Double?)] {
        try check(
          .repeatAndSelect(event: .gaussian(noiseMultiplier: scale), meanRepetitions: mean, shape: shape))
      }
    }
    try check(.repeatAndSelect(event: .noOp, meanRepetitions: 5, shape: 1), isFree: true)
  }

  @Test func sensitivities() throws {
    for scale in Self.scales {
      try check(.matrixFactorization(noiseMultiplier: 1, strategy: .sensitivity(scale)))
      try check(
        .matrixFactorization(
          noiseMultiplier: scale,
          strategy: .toeplitz(
            coefficients: [1e300, -1e300, 1e-300], steps: 1_000, maxParticipation: 9, minSeparation: 1)))
      try check(
        .matrixFactorization(
          noiseMultiplier: scale,
          strategy: .dense(rows: [[1e300, 0], [-1e300, 1e300]], maxParticipation: 2, minSeparation: 1)))
      try check(
        .treeAggregation(
          noiseMultiplier: scale,
          schedule: .single(totalSteps: 999_999_999, maxParticipation: 1_000_000_000, minSeparation: 0)))
    }
    let nothing = MatrixStrategy.dense(rows: [[0]], maxParticipation: 1, minSeparation: 1)
    try check(.matrixFactorization(noiseMultiplier: 1, strategy: nothing), isFree: true)
  }

  @Test func theOrderOfEventsDoesNotMatter() throws {
    let events: [PrivacyEvent] = [
      .discreteLaplace(scale: 3, sensitivity: 2), .exponentialMechanism(epsilon: 0.1),
      .sampledWithoutReplacement(datasetSize: 100, sampleSize: 3, event: .gaussian(noiseMultiplier: 4)),
      .epsilonDelta(epsilon: 0.1, delta: 1e-9), .epsilonDelta(epsilon: 0.2, delta: 3e-8),
      .epsilonDelta(epsilon: 0.1, delta: 2e-7), .randomAllocation(noiseMultiplier: 2, bins: 9, selected: 2),
      .repeatAndSelect(event: .laplace(noiseMultiplier: 30), meanRepetitions: 3, shape: 1),
    ]
    let truth = try RenyiAccountant(event: .composed(events), relation: .replaceSpecial).epsilon(delta: 1e-5)
    for shift in 1..<events.count {
      let turned = Array(events[shift...] + events[..<shift])
      let bound = try RenyiAccountant(event: .composed(turned), relation: .replaceSpecial).epsilon(delta: 1e-5)
      #expect(bound == truth)
    }
  }
}
