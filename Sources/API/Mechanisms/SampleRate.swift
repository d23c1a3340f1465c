/// q, the probability of an example to be in a batch, as it was given.
enum SampleRate: Equatable {
  case rate(Double)
  case batch(size: Int, of: Int)

  /// q in (0, 1], rounded up: more sampling is never less loss.
  var probability: Double {
    switch self {
    case .rate(let rate): return rate
    case .batch(let size, let datasetSize):
      let (batch, count) = (Double(size), Double(datasetSize))
      let quotient = batch / count
      // q·n − b with one rounding, which keeps its sign: negative where the division rounded down.
      return (-batch).addingProduct(quotient, count) < 0 ? min(quotient.nextUp, 1) : quotient
    }
  }

  var datasetSize: Int? {
    if case .batch(_, let datasetSize) = self { return datasetSize }
    return nil
  }

  /// ceil(epochs / q). A quotient within rounding of a whole number is that number, so that 0.3 epochs at a rate of
  /// 0.1 are 3 steps as written, not 4. The answer states the steps that it is for.
  ///
  /// - Returns: nil above `limit`.
  func steps(epochs: Double, limit: Int) -> Int? {
    let quotient: Double =
      switch self {
      case .rate(let rate): epochs / rate
      case .batch(let size, let datasetSize): epochs * Double(datasetSize) / Double(size)
      }
    let nearest = quotient.rounded()
    let steps = abs(quotient - nearest) <= 4 * quotient.ulp ? nearest : quotient.rounded(.up)
    guard steps <= Double(limit) else { return nil }
    return max(Int(steps), 1)
  }
}
