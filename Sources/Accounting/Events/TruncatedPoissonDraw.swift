/// A Poisson sample of at most B records; see `TruncatedPoissonGaussian`.
struct TruncatedPoissonDraw {
  /// Of the larger of both datasets, where they differ.
  var datasetSize: Int
  var samplingProbability: Double
  var batchSize: Int
  var relation: NeighboringRelation

  /// Below this a probability is rounded up to it.
  private static let leastProbability = 1e-300
  /// Terms of the binomial sums beyond which a dataset is refused.
  private static let termLimit = 20_000_000

  /// - Parameter noise: σ ≥ 0 over the clipping norm.
  /// - Returns: `nil` where nothing is released.
  func mechanism(noiseMultiplier noise: Double, path: [PathComponent]) throws(AccountingError) -> Mechanism? {
    if samplingProbability == 0 { return nil }
    guard noise / 2 > 0 else { return .nonPrivate }
    if samplingProbability == 1 {
      let draw = FixedSizeDraw(
        datasetSize: datasetSize, sampleSize: min(batchSize, datasetSize), relation: relation)
      if batchSize < datasetSize { return draw.mechanism(noiseMultiplier: noise) }
      return .gaussian(noiseMultiplier: relation == .replaceOne ? noise / 2 : noise)
    }
    guard batchSize < datasetSize else {
      return .poissonGaussian(
        samplingProbability: samplingProbability, noiseMultiplier: noise, replaceOne: relation == .replaceOne)
    }
    let others = Binomial(trials: datasetSize - 1, probability: samplingProbability)
    let all = Binomial(trials: datasetSize, probability: samplingProbability)
    guard others.termsOfTail <= Double(Self.termLimit) else {
      throw .limitExceeded(
        path: path + [.field("dataset_size")], what: "the work of the binomial sums", limit: Self.termLimit)
    }
    let (full, room) = others.tails(atLeast: batchSize)
    // E[pB/(N + 1); N ≥ B] = P(Bin(n, p) ≥ B + 1)·B/n.
    let placed = all.tails(atLeast: batchSize + 1).upper.value / full.value * (Double(batchSize) / Double(datasetSize))
    let error = 4 * (full.relativeError + room.relativeError) + 16 * ulp
    // The curve of each branch, less that of identical distributions, is convex in its sampling probability and 0 at 0, so
    // a probability raised by a factor makes up for a weight that is too small by it.
    let place = placed.isFinite ? min(placed, samplingProbability) : samplingProbability
    return .truncatedPoissonGaussian(
      TruncatedPoissonGaussian(
        samplingProbability: min(samplingProbability * (1 + error), 1.0.nextDown),
        roomProbability: max(room.value, Self.leastProbability),
        fullProbability: max(full.value, Self.leastProbability),
        placeProbability: min(max(place, Self.leastProbability) * (1 + error), 1.0.nextDown),
        noiseMultiplier: noise, relation: relation))
  }
}
