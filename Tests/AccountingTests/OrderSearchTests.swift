import Accounting
import Foundation
import Testing

/// Optimising the order against trying very many.
@Suite struct OrderSearchTests {
  @Test func findsTheBestOrder() throws {
    var random = Reproducible(seed: 31)
    for _ in 0..<60 {
      let (q, sigma, steps, delta) = random.run()
      let accountant = try RenyiAccountant(
        event: .dpsgd(samplingProbability: q, noiseMultiplier: sigma, steps: steps))
      let optimized = try accountant.epsilon(delta: delta)
      let best = try #require(optimized.order)
      // Coarse over everything, fine around the answer.
      var orders: [Double] = []
      for index in 0..<300 { orders.append(1.011 + 1e-2 * exp(Double(index) * 0.055)) }
      for index in -100...100 { orders.append(1 + (best - 1) * exp(Double(index) * 1e-3)) }
      orders.removeAll { $0 <= 1.01 || $0 > 1e6 }
      let listed = try accountant.epsilon(delta: delta, orders: orders)
      #expect(
        optimized.epsilon <= listed.epsilon * (1 + 1e-10), "q \(q), sigma \(sigma), steps \(steps), delta \(delta)")
      let epsilon = listed.epsilon == 0 ? 0.5 : listed.epsilon * 1.3
      let logOptimized = log(try accountant.delta(epsilon: epsilon).delta)
      let logListed = log(try accountant.delta(epsilon: epsilon, orders: orders).delta)
      #expect(logOptimized <= logListed + 1e-4, "q \(q), sigma \(sigma), steps \(steps), epsilon \(epsilon)")
    }
  }

  /// For one Gaussian the continuous optimum is known to more digits than the list of orders gives.
  @Test func improvesOnTheList() throws {
    let accountant = try RenyiAccountant(event: .gaussian(noiseMultiplier: 0.5))
    let listed = try accountant.epsilon(delta: 1e-5, orders: RenyiOrders.standard)
    let optimized = try accountant.epsilon(delta: 1e-5)
    #expect(abs(listed.epsilon - 10.725509696418232) < 1e-9)
    #expect(abs(optimized.epsilon - 10.724824) < 1e-6)
    #expect(abs(try #require(optimized.order) - 3.272) < 2e-3)
    // The exact value for one Gaussian is a lower bound for every valid one.
    #expect(optimized.epsilon > 9.997256)
  }
}
