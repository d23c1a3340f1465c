import Glibc

/// The number of successes in `trials` ≥ 0 independent trials of `probability` in (0, 1).
struct Binomial {
  var trials: Int
  var probability: Double

  /// A probability and a bound on its relative error.
  struct Estimate {
    var value: Double
    var relativeError: Double
  }

  /// An estimate of the number of terms that a tail's sum takes.
  var termsOfTail: Double { 40 * (Double(trials) * probability * (1 - probability)).squareRoot() + 1_000 }

  /// P(N ≥ k) and P(N < k), for 1 ≤ k ≤ trials. The smaller is a sum of positive terms, the larger its complement.
  func tails(atLeast k: Int) -> (upper: Estimate, lower: Estimate) {
    let mean = Double(trials) * probability
    let isUpper = Double(k) > mean
    let small = isUpper ? sum(from: k, step: 1) : sum(from: k - 1, step: -1)
    let large = Estimate(value: 1 - small.value, relativeError: small.relativeError)
    return isUpper ? (small, large) : (large, small)
  }

  /// Terms from `k` away from the mean; ratios of neighbours are at most 1 there and fall.
  private func sum(from k: Int, step: Int) -> Estimate {
    let odds = probability / (1 - probability)
    var term = mass(at: k)
    var sum = term.value
    var current = k
    while current + step >= 0, current + step <= trials {
      let ratio =
        step > 0
        ? odds * Double(trials - current) / Double(current + 1)
        : Double(current) / (odds * Double(trials - current + 1))
      term.value *= ratio
      current += step
      sum += term.value
      if term.value <= 1e-18 * sum * (1 - ratio) { break }
    }
    return Estimate(value: sum, relativeError: term.relativeError + 8 * ulp * Double(abs(current - k) + 1))
  }

  /// P(N = k) by the saddle point form (C. Loader, "Fast and accurate computation of binomial probabilities", 2000): the
  /// large terms of log n!, k! and (n − k)! cancel in it beforehand.
  private func mass(at k: Int) -> Estimate {
    let n = Double(trials)
    let x = Double(k)
    if k == 0 || k == trials {
      let exponent = k == 0 ? n * log1p(-probability) : n * log(probability)
      return Estimate(value: exp(exponent), relativeError: 4 * ulp * (1 - exponent))
    }
    let deviations = deviance(x, mean: n * probability) + deviance(n - x, mean: n * (1 - probability))
    let exponent = Self.stirlingError(n) - Self.stirlingError(x) - Self.stirlingError(n - x) - deviations
    let value = exp(exponent) * (n / (2 * Double.pi * x * (n - x))).squareRoot()
    let shift = abs(x - n * probability)
    return Estimate(value: value, relativeError: 8 * ulp * (8 + deviations + shift * (1 + shift / min(x, n - x))))
  }

  /// x log(x/μ) − x + μ.
  private func deviance(_ x: Double, mean: Double) -> Double {
    mean * Stable.entropyRemainder(log1p((x - mean) / mean))
  }

  /// log n! − log(√(2πn)·(n/e)ⁿ).
  private static func stirlingError(_ n: Double) -> Double {
    var sign: Int32 = 0
    if n < 16 { return lgamma_r(n + 1, &sign) - (n + 0.5) * log(n) + n - log(2 * Double.pi) / 2 }
    let inverse = 1 / (n * n)
    return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - inverse / 1188) * inverse) * inverse) * inverse) / n
  }
}
