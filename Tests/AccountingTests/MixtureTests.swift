import Accounting
import Testing

/// Mixtures of sensitivities, samples of fixed size and truncated samples, whose divergences are those of mixtures of
/// Gaussians. Figures by 30-digit quadrature of the definition (mpmath, from −16 to beyond every peak).
@Suite struct MixtureTests {
  private func divergence(
    _ event: PrivacyEvent, _ order: Double, _ relation: NeighboringRelation = .addOrRemoveOne
  ) throws -> Double {
    try RenyiAccountant(event: event, relation: relation).curve(orders: [order]).divergences[0]
  }

  private func expect(_ bound: Double, of truth: Double, within relative: Double = 1e-10) {
    #expect(bound >= truth * (1 - 1e-13) && bound <= truth * (1 + relative), "\(bound), \(truth)")
  }

  private static let groups = PrivacyEvent.mixtureOfGaussians(
    standardDeviation: 14.77, sensitivities: [0, 1, 2, 3, 4],
    samplingProbabilities: [
      0.891044969392483, 0.007244799380358046, 0.08656706705254233, 0.0030541641544346333, 0.012089000020182022,
    ])

  @Test func mixturesAreExact() throws {
    expect(try divergence(Self.groups, 5.5), of: 0.000729195152507762289)
    let wide = PrivacyEvent.mixtureOfGaussians(
      standardDeviation: 1, sensitivities: [0, 0.5, 3], samplingProbabilities: [0.5, 0.49, 0.01])
    expect(try divergence(wide, 2.5), of: 3.57950322088345462)
    let always = PrivacyEvent.mixtureOfGaussians(
      standardDeviation: 2, sensitivities: [1, 2], samplingProbabilities: [0.3, 0.7])
    expect(try divergence(always, 12), of: 5.61281432614256849)
  }

  @Test func simpleMixturesAreTheirOwnEvents() throws {
    let sampled = PrivacyEvent.mixtureOfGaussians(
      standardDeviation: 3, sensitivities: [1.5, 0], samplingProbabilities: [0.1, 0.9])
    let poisson = PrivacyEvent.dpsgd(samplingProbability: 0.1, noiseMultiplier: 2, steps: 1)
    let plain = PrivacyEvent.mixtureOfGaussians(
      standardDeviation: 3, sensitivities: [1.5, 1.5], samplingProbabilities: [0.4, 0.6])
    for order in [1.3, 8] {
      expect(try divergence(sampled, order), of: try divergence(poisson, order))
      expect(try divergence(plain, order), of: try divergence(.gaussian(noiseMultiplier: 2), order))
    }
    let nothing = PrivacyEvent.mixtureOfGaussians(
      standardDeviation: 3, sensitivities: [0, 7], samplingProbabilities: [1, 0])
    #expect(try divergence(nothing, 2) == 0)
    #expect(throws: AccountingError.self) { try divergence(Self.groups, 2, .replaceOne) }
  }

  @Test(
    arguments: try GoldenRow.rows("mixture_and_truncated").filter {
      $0.inputs["type"] as? String == "MixtureOfGaussians"
    })
  func matchesTheMixturesOfThePeer(_ row: GoldenRow) throws {
    let event = PrivacyEvent.mixtureOfGaussians(
      standardDeviation: try row.input("standard_deviation"),
      sensitivities: try #require(row.inputs["sensitivities"] as? [Any]).compactMap(GoldenRow.number),
      samplingProbabilities: try #require(row.inputs["sampling_probs"] as? [Any]).compactMap(GoldenRow.number))
    let bracket = try TightAccountant(event: .selfComposed(event: event, count: try row.count("count")))
      .epsilon(delta: row.input("delta"))
    row.check(bracket.upper, peer: try row.expectedNumber("epsilon_pld"), exact: nil)
    #expect(try #require(bracket.lower) >= bracket.upper * (1 - 1e-3))
  }

  private func fixedSize(_ sample: Int, of dataset: Int, noise: Double) -> PrivacyEvent {
    .sampledWithoutReplacement(datasetSize: dataset, sampleSize: sample, event: .gaussian(noiseMultiplier: noise))
  }

  /// The two halves of the spliced curve, each over its own half-line.
  @Test(arguments: [
    (1, 100, 2.2, 5.0, NeighboringRelation.replaceOne, 0.000520362978932435127),
    (1, 2, 4, 1.3, .replaceOne, 0.0486407153121624133), (9, 10, 20, 30, .replaceOne, 0.124534071427764316),
    (1, 100, 1.1, 5, .replaceSpecial, 0.43593174409329942), (3, 10, 3, 2, .replaceSpecial, 0.0154886602153189574),
    (8, 10, 10, 16, .replaceSpecial, 0.0551010017945438928),
  ])
  func fixedSizesAreExact(
    _ sample: Int, _ dataset: Int, _ noise: Double, _ order: Double, _ relation: NeighboringRelation, _ truth: Double
  ) throws {
    expect(try divergence(fixedSize(sample, of: dataset, noise: noise), order, relation), of: truth)
  }

  /// All relations have an order: a record without contribution is a record, and one that is missing makes way for another.
  @Test func relationsOfFixedSizesAreOrdered() throws {
    for (sample, noise) in [(1, 0.7), (40, 3.0), (99, 20)] {
      let event = fixedSize(sample, of: 100, noise: noise)
      for order in [1.05, 3, 40, 2000] {
        let replaced = try divergence(event, order, .replaceOne)
        #expect(try divergence(event, order, .replaceSpecial) <= replaced * (1 + 1e-9))
        #expect(try divergence(event, order) <= replaced * (1 + 1e-9))
        let plain = try divergence(.gaussian(noiseMultiplier: noise), order, .replaceOne)
        #expect(replaced <= plain * (1 + 1e-9), "\(sample), \(noise), \(order)")
      }
    }
    // A sample of everything is no sample.
    let whole = fixedSize(7, of: 7, noise: 2)
    #expect(try divergence(whole, 3, .replaceOne) == divergence(.gaussian(noiseMultiplier: 1), 3))
    #expect(try divergence(whole, 3, .replaceSpecial) == divergence(.gaussian(noiseMultiplier: 2), 3))
    #expect(try divergence(fixedSize(0, of: 7, noise: 2), 3, .replaceOne) == 0)
  }

  @Test(arguments: [
    (40, 0.1, 5, 1.5, 4.0, NeighboringRelation.addOrRemoveOne, 0.160914624996021),
    (40, 0.1, 5, 1.5, 4.0, .replaceSpecial, 0.0274946960900491), (40, 0.1, 5, 1.5, 4.0, .replaceOne, 0.173336955460858),
    (4224, 0.004907, 20, 5.575, 30, .addOrRemoveOne, 2.50583807467659e-5),
    (4224, 0.004907, 20, 5.575, 30, .replaceSpecial, 1.13517071847242e-5),
    (4224, 0.004907, 20, 5.575, 30, .replaceOne, 4.43976591235101e-5),
  ])
  func truncatedSamplesAreTheMeanOfTheirBranches(
    _ dataset: Int, _ probability: Double, _ batch: Int, _ noise: Double, _ order: Double,
    _ relation: NeighboringRelation, _ truth: Double
  ) throws {
    let event = PrivacyEvent.truncatedPoissonSampledGaussian(
      datasetSize: dataset, samplingProbability: probability, truncatedBatchSize: batch, noiseMultiplier: noise)
    expect(try divergence(event, order, relation), of: truth * (1 - 1e-13), within: 1e-8)
  }

  /// A batch that no sample fills is not cut down; one that every sample fills is a sample of fixed size.
  @Test func truncationHasLimits() throws {
    for relation in NeighboringRelation.allCases {
      let never = PrivacyEvent.truncatedPoissonSampledGaussian(
        datasetSize: 50, samplingProbability: 0.2, truncatedBatchSize: 50, noiseMultiplier: 2)
      let poisson = PrivacyEvent.dpsgd(samplingProbability: 0.2, noiseMultiplier: 2, steps: 1)
      #expect(try divergence(never, 4, relation) == divergence(poisson, 4, relation))
      let rarely = PrivacyEvent.truncatedPoissonSampledGaussian(
        datasetSize: 5000, samplingProbability: 0.002, truncatedBatchSize: 200, noiseMultiplier: 2)
      let sparse = PrivacyEvent.dpsgd(samplingProbability: 0.002, noiseMultiplier: 2, steps: 1)
      expect(try divergence(rarely, 4, relation), of: try divergence(sparse, 4, relation), within: 1e-8)
      let always = PrivacyEvent.truncatedPoissonSampledGaussian(
        datasetSize: 50, samplingProbability: 1, truncatedBatchSize: 20, noiseMultiplier: 2)
      #expect(try divergence(always, 4, relation) == divergence(fixedSize(20, of: 50, noise: 2), 4, relation))
    }
  }

  /// The peer bounds the branch that is full by a pair at four times the distance, so its figure is well above ours. Ours is that of the
  /// curves themselves, composed by convolution on a grid of 1e-4 (numpy): 0.0051436 under zero-out, 0.0087502 under add-or-remove.
  @Test func truncatedSamplesAreTighterThanThePeers() throws {
    let row = try #require(
      try GoldenRow.rows("mixture_and_truncated").first {
        $0.inputs["type"] as? String == "TruncatedSubsampledGaussian"
      })
    let once = PrivacyEvent.truncatedPoissonSampledGaussian(
      datasetSize: try row.count("dataset_size"), samplingProbability: try row.input("sampling_probability"),
      truncatedBatchSize: try row.count("truncated_batch_size"), noiseMultiplier: try row.input("noise_multiplier"))
    let event = PrivacyEvent.selfComposed(event: once, count: try row.count("count"))
    for (relation, truth) in [(NeighboringRelation.replaceSpecial, 0.0051436), (.addOrRemoveOne, 0.0087502)] {
      let bracket = try TightAccountant(event: event, relation: relation).epsilon(delta: row.input("delta"))
      #expect(bracket.upper <= truth * (1 + 2e-3) && bracket.upper >= truth * (1 - 1e-3), "\(bracket)")
      #expect(bracket.upper <= (try row.expectedNumber("epsilon_pld")))
      #expect(try #require(bracket.lower) <= truth)
    }
  }
}
