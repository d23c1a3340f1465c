/// How a batch is drawn: every example is in it with probability q, independently of all others and of every other step.
///
/// The sampler and the accountant both take their probability from here, each on its safe side.
public struct PoissonSampling: Hashable, Sendable {
  /// The public constant that the noisy sum is divided by: q times the registered size, whatever the batch turns out to
  /// be.
  public let expectedBatchSize: Int
  /// The registered, public number of examples.
  public let datasetSize: Int

  /// - Precondition: 1 ≤ expectedBatchSize ≤ datasetSize.
  package init(expectedBatchSize: Int, datasetSize: Int) {
    precondition(1 <= expectedBatchSize && expectedBatchSize <= datasetSize, "a batch is a part of the dataset")
    self.expectedBatchSize = expectedBatchSize
    self.datasetSize = datasetSize
  }

  /// q, at most one unit in the last place above expectedBatchSize / datasetSize and never below it. A sampler that
  /// includes an example where an integer drawn evenly from 0 ..< datasetSize is below expectedBatchSize is exact;
  /// one that compares a uniform double with this number is exact to 2⁻⁵³.
  public var probability: Double {
    let batch = Double(expectedBatchSize)
    let size = Double(datasetSize)
    let quotient = batch / size
    // q·n − b, exact but for one rounding that keeps its sign: negative where the division rounded down.
    let excess = (-batch).addingProduct(quotient, size)
    return excess < 0 ? quotient.nextUp : quotient
  }

  /// The number of steps that `epochs` expected passes take: ceil(epochs / q), in exact decimal arithmetic, so that 0.1
  /// epochs of 60,000 examples in batches of 60 is 100 steps and not 101. Nil above `limit`.
  ///
  /// - Precondition: epochs is finite and > 0.
  public func steps(epochs: Double, limit: Int) -> Int? {
    precondition(epochs.isFinite && epochs > 0, "epochs are finite and positive")
    let decimal = ShortestDecimal(epochs)
    // ceil(digits · 10^exponent · n / b). digits < 10¹⁷ and n < 2⁶³, so their product is below 10³⁶ and fits.
    var numerator = decimal.digits * UInt128(datasetSize)
    var denominator = UInt128(expectedBatchSize)
    if decimal.exponent >= 0 {
      for _ in 0..<decimal.exponent {
        let (scaled, overflow) = numerator.multipliedReportingOverflow(by: 10)
        guard !overflow else { return nil }
        numerator = scaled
      }
    } else {
      for _ in 0..<(-decimal.exponent) {
        let (scaled, overflow) = denominator.multipliedReportingOverflow(by: 10)
        // The denominator is beyond 3·10³⁸, more than any numerator: less than one step, and a run has at least one.
        guard !overflow else { return 1 }
        denominator = scaled
      }
    }
    let (quotient, remainder) = numerator.quotientAndRemainder(dividingBy: denominator)
    let steps = remainder == 0 ? quotient : quotient + 1
    return steps <= UInt128(limit) ? Int(steps) : nil
  }
}

/// The shortest decimal number that reads back as a given double: what a person wrote, exactly, as digits · 10^exponent.
struct ShortestDecimal {
  /// Below 10¹⁷.
  private(set) var digits: UInt128 = 0
  private(set) var exponent = 0

  /// - Precondition: value is finite and ≥ 0.
  init(_ value: Double) {
    precondition(value.isFinite && value >= 0, "a finite number of no sign")
    var isFraction = false
    var writtenExponent = 0
    var exponentSign = 1
    var isExponent = false
    // `description` is the shortest text that round-trips: "5.0", "0.1", "1.25e-07".
    for character in value.description.utf8 {
      switch character {
      case UInt8(ascii: "."): isFraction = true
      case UInt8(ascii: "e"): isExponent = true
      case UInt8(ascii: "-"): exponentSign = -1
      case UInt8(ascii: "+"): break
      default:
        let digit = Int(character) - Int(UInt8(ascii: "0"))
        if isExponent {
          writtenExponent = writtenExponent * 10 + digit
        } else {
          digits = digits * 10 + UInt128(digit)
          if isFraction { exponent -= 1 }
        }
      }
    }
    exponent += exponentSign * writtenExponent
  }
}
