import Accounting
import Foundation
import Testing

/// The conversion by the joint range of two divergences, against the binary pairs that attain it.
@Suite struct SharpConversionTests {
  /// The least ε for which no pair of coins with D_α ≤ r has a hockey-stick divergence above δ, by brute force.
  private func binaryOptimum(_ divergence: Double, _ order: Double, _ delta: Double) -> Double {
    func leastDivergence(_ epsilon: Double) -> Double {
      // Convex in p: golden section on log(p − δ).
      func value(_ logExcess: Double) -> Double {
        let p = min(1, delta + exp(logExcess))
        let q = exp(logExcess - epsilon)
        let first = order * log(p) + (1 - order) * log(q)
        let second = p < 1 ? order * log1p(-p) + (1 - order) * log1p(-q) : -.infinity
        return log1p(exp(first) + expm1(second)) / (order - 1)
      }
      var (low, high) = (log(delta) - 30, log1p(-delta))
      for _ in 0..<200 {
        let (a, b) = (low + 0.382 * (high - low), high - 0.382 * (high - low))
        if value(a) < value(b) { high = b } else { low = a }
      }
      return value((low + high) / 2)
    }
    var (low, high) = (0.0, 1e3)
    for _ in 0..<100 {
      let middle = (low + high) / 2
      if leastDivergence(middle) < divergence { low = middle } else { high = middle }
    }
    return high
  }

  @Test func liesBetweenTheOptimumAndTheProposition() {
    var random = Reproducible(seed: 61)
    var helped = 0
    for _ in 0..<400 {
      let (order, delta) = (1 + random.logUniform(0.05...60), random.logUniform(1e-9...1e-2))
      let divergence = random.logUniform(1e-3...3)
      let sharp = RenyiConversion.sharpEpsilonUpperBound(divergence: divergence, order: order, delta: delta)
      let proposition = RenyiConversion.epsilonUpperBound(divergence: divergence, order: order, delta: delta)
      let optimum = binaryOptimum(divergence, order, delta)
      #expect(sharp <= proposition && sharp >= optimum - 1e-9 * (1 + optimum), "\(order) \(delta) \(divergence)")
      // Nearly optimal where Bernoulli's inequality is nearly one.
      if order * order * delta < 1e-4 * expm1((order - 1) * divergence), sharp < proposition {
        helped += 1
        #expect(sharp <= optimum + 2e-2 / (order - 1), "\(order) \(delta) \(divergence): \(sharp), \(optimum)")
      }
    }
    #expect(helped > 100)
  }

  /// Early in a run the order is held down by the tail of the mixture, and the divergence is small.
  @Test func helpsEarlyInARun() throws {
    let event = PrivacyEvent.dpsgd(samplingProbability: 256.0 / 60000, noiseMultiplier: 1.1, steps: 14)
    let accountant = try RenyiAccountant(event: event)
    let (sharp, plain) = (try accountant.sharpEpsilon(delta: 1e-5), try accountant.epsilon(delta: 1e-5))
    #expect(sharp.epsilon < 0.95 * plain.epsilon, "\(sharp) against \(plain)")
    // A whole run gains little, and nothing is ever lost.
    var random = Reproducible(seed: 62)
    for _ in 0..<60 {
      let (q, sigma, steps, delta) = random.run()
      let run = try RenyiAccountant(event: .dpsgd(samplingProbability: q, noiseMultiplier: sigma, steps: steps))
      #expect(try run.sharpEpsilon(delta: delta).epsilon <= (try run.epsilon(delta: delta).epsilon))
    }
  }

  /// The truth of a Gaussian is known: the sharp bound stays above it.
  @Test func staysAboveTheTruth() throws {
    var random = Reproducible(seed: 63)
    for _ in 0..<500 {
      let (sigma, delta) = (random.logUniform(0.3...300), random.logUniform(1e-12...0.3))
      let sharp = try RenyiAccountant(event: .gaussian(noiseMultiplier: sigma)).sharpEpsilon(delta: delta)
      let truth = GaussianTradeOff.epsilon(mu: 1 / sigma, delta: delta).lower
      #expect(sharp.epsilon >= truth, "\(sigma) \(delta): \(sharp) below \(truth)")
    }
  }
}
