import Accounting
import Foundation
import TestSupport
import Testing

@Suite struct GaussianTradeOffTests {
  /// μ, ε, δ and log δ, by mpmath with as many digits as the cancellation takes (60 and more).
  private static let truth: [(mu: Double, epsilon: Double, delta: Double, logDelta: Double)] = [
    (0.200161, 1.10448, 1.01424534644865332142e-9, -20.70912100202244252106),
    (1.6388, 58.2059, 1.902000944856802009146e-265, -609.5421431825288933375),
    (0.834569, 6.37655, 2.549520928643257234775e-14, -31.30028583151658564843),
    (0.000142471, 0.00222611, 2.227022763087454798041e-60, -137.3544399700064327282),
    (9.99518, 94.8276, 0.00000241534978271667, -12.93366644378384444778),
    (5.9535, 26.8204, 0.04692256515951821064, -3.059256585772289616439),
    (0.0306243, 0.0147315, 0.00628422668159493717, -5.069712486420316527151),
    (0.0761961, 1.5236, 2.432615816653427725044e-91, -208.6462763163230435418),
    (0.000117356, 1.96403e-05, 0.00003765261236559387, -10.18710822058509476058),
    (0.0030287, 0.101932, 1.230118095104506579276e-252, -580.0443332574439835553),
    (1.14379, 0.192085, 0.37853264667687729176, -0.9714529570451225117412),
    (1.67834, 5.68935, 0.00190542437184376838, -6.263050527840382547003),
    (0.187283, 0.0, 0.07460605779957232537, -2.595533571321649420066),
    (0.00010219, 0.00325539, 1.729317664924498256401e-228, -524.4416742852725674067),
    (0.0012886, 0.000200321, 0.00042015785292022529, -7.774880077010878233809),
    (16.1002, 643.145, 5.034691594063266761416e-224, -514.162708558792117534),
    (0.00341442, 0.0260059, 5.730743106907848255485e-18, -39.70068646450538261297),
    (0.0720916, 1.74096, 2.697477618912324478308e-131, -300.6463300610783671284),
    (0.00121711, 0.00901923, 1.004223854205439803845e-17, -39.13973162212563550153),
    (0.457512, 16.4207, 9.523485778917696778264e-281, -644.7726501962936477471),
    (5.45545, 20.2703, 0.12445301806303412826, -2.083826999252996625437),
    (0.00820931, 0.0299012, 2.741044530202415507721e-7, -15.10975658780012954196),
    (0.000591862, 0.0, 0.00023611877251659630, -8.351175606162826794069),
    (0.00395552, 0.0835658, 4.423287057812509288737e-103, -235.6793814804506128769),
    (0.000104215, 0.000498085, 1.777692368587386381861e-11, -24.75311992185462184417),
    (0.00617808, 0.0580826, 1.782163088467804578453e-24, -54.68421438709280013041),
    (2.17844, 8.48867, 0.00099820028369543692, -6.90955661672179608535),
    (0.00471741, 0.0766631, 3.284131374128412380584e-63, -143.8737586635326508441),
    (0.542933, 0.0, 0.21396773824557051470, -1.541930031186912752497),
    (14.7241, 77.6943, 0.97791616062778237391, -0.0223313379514116557181),
    (0.941702, 6.51626, 6.92518186435332070864e-12, -25.69585680219950678363),
    (0.000124669, 0.00355426, 1.947615869725092880437e-184, -423.0090511172618966409),
    (0.00872525, 0.0330648, 1.578642521269988698855e-7, -15.66153033696533053854),
    (0.000111716, 0.0, 0.00004456823577415010, -10.01848915504816366933),
    (0.000909648, 0.00686989, 2.501634274690570547451e-18, -40.52958744571766774514),
    (0.00110044, 0.029965, 5.863297316933588635076e-168, -385.065583495586372928),
    (8.45616, 98.5017, 3.07180580244098482309e-14, -31.11392570398063028927),
    (0.00668688, 0.0748601, 1.315924276241006235806e-32, -73.40818368541217387705),
    (0.0603837, 0.349393, 4.237341950665979876808e-11, -23.88449984870145314396),
    (0.000373835, 0.0100697, 5.754823171829461887532e-165, -378.1765020283227893018),
  ]

  @Test func deltaEnclosesTheTruth() {
    for row in Self.truth {
      let delta = GaussianTradeOff.delta(mu: row.mu, epsilon: row.epsilon)
      // The truth above is itself rounded once.
      #expect(delta.lower <= row.delta.nextUp && row.delta.nextDown <= delta.upper, "\(row): \(delta)")
      #expect(delta.upper - delta.lower <= 1e-13 * row.delta, "\(row): \(delta)")
      let middle = delta.lower + (delta.upper - delta.lower) / 2
      #expect(abs(middle / row.delta - 1) < 4e-15, "\(row): \(middle)")
      let logDelta = GaussianTradeOff.logDelta(mu: row.mu, epsilon: row.epsilon)
      #expect(logDelta.lower <= row.logDelta && row.logDelta <= logDelta.upper, "\(row): \(logDelta)")
      #expect(logDelta.upper - logDelta.lower <= 2e-13 + 4e-15 * abs(row.logDelta), "\(row): \(logDelta)")
    }
  }

  @Test func inversesEncloseWhatTheyInvert() {
    var random = Reproducible(seed: 21)
    for _ in 0..<3000 {
      let mu = random.logUniform(1e-6...1e3)
      let epsilon = random.logUniform(1e-8...1e5)
      let logDelta = -random.logUniform(1e-9...2e4)
      let forEpsilon = GaussianTradeOff.epsilon(mu: mu, logDelta: logDelta)
      #expect(forEpsilon.lower <= forEpsilon.upper)
      #expect(GaussianTradeOff.logDelta(mu: mu, epsilon: forEpsilon.upper).upper <= logDelta)
      if forEpsilon.lower > 0 {
        #expect(GaussianTradeOff.logDelta(mu: mu, epsilon: forEpsilon.lower).lower >= logDelta)
        #expect(forEpsilon.upper <= forEpsilon.lower * (1 + 1e-11) + 1e-13 * mu, "\(mu) \(logDelta): \(forEpsilon)")
      }
      let forMu = GaussianTradeOff.mu(epsilon: epsilon, logDelta: logDelta)
      #expect(forMu.lower > 0 && forMu.lower <= forMu.upper)
      #expect(GaussianTradeOff.logDelta(mu: forMu.lower, epsilon: epsilon).upper <= logDelta)
      #expect(GaussianTradeOff.logDelta(mu: forMu.upper, epsilon: epsilon).lower >= logDelta)
      // Near δ = 1 a given log δ says little about μ.
      if logDelta < -0.1 { #expect(forMu.upper <= forMu.lower * (1 + 1e-12), "\(epsilon) \(logDelta): \(forMu)") }
    }
  }

  @Test func deltaIsMonotoneAcrossTheForms() {
    var random = Reproducible(seed: 22)
    for _ in 0..<20_000 {
      let (mu, t) = (random.logUniform(1e-3...20), random.logUniform(1e-3...30))
      let epsilon = mu * max(0, mu / 2 + t - 1)
      let here = GaussianTradeOff.delta(mu: mu, epsilon: epsilon)
      #expect(GaussianTradeOff.delta(mu: mu * (1 + 1e-9), epsilon: epsilon).upper >= here.lower)
      #expect(GaussianTradeOff.delta(mu: mu, epsilon: epsilon * (1 + 1e-9)).lower <= here.upper)
    }
  }

  @Test func limitsAreExact() {
    #expect(GaussianTradeOff.delta(mu: 0, epsilon: 0) == (0, 0))
    #expect(GaussianTradeOff.delta(mu: .infinity, epsilon: 3) == (1, 1))
    #expect(GaussianTradeOff.epsilon(mu: 1, delta: 0) == (.infinity, .infinity))
    #expect(GaussianTradeOff.epsilon(mu: 1, delta: 1) == (0, 0))
    #expect(GaussianTradeOff.epsilon(mu: 0.01, delta: 0.5) == (0, 0))
    #expect(GaussianTradeOff.mu(epsilon: 1, delta: 0) == (0, 0))
    #expect(GaussianTradeOff.mu(epsilon: 1, delta: 1) == (.infinity, .infinity))
  }

  @Test func extremesNeitherTrapNorLie() {
    let values = [
      Double.leastNonzeroMagnitude, 1e-300, 1e-100, 1e-9, 1, 1e9, 1e18, 1e100, 1e300, Double.greatestFiniteMagnitude,
    ]
    for mu in values {
      for epsilon in [0] + values {
        let delta = GaussianTradeOff.delta(mu: mu, epsilon: epsilon)
        #expect(delta.lower >= 0 && delta.lower <= delta.upper && delta.upper <= 1 && delta.upper > 0)
        let logDelta = GaussianTradeOff.logDelta(mu: mu, epsilon: epsilon)
        #expect(logDelta.lower <= logDelta.upper && logDelta.upper <= 0)
      }
      for delta in [Double.leastNonzeroMagnitude, 1e-300, 1e-30, 0.1, 1 - 1e-16] {
        let epsilon = GaussianTradeOff.epsilon(mu: mu, delta: delta)
        #expect(epsilon.lower >= 0 && epsilon.lower <= epsilon.upper)
        let inverse = GaussianTradeOff.mu(epsilon: mu, delta: delta)
        #expect(inverse.lower >= 0 && inverse.lower <= inverse.upper)
      }
    }
  }

  @Test(arguments: try GoldenRow.rows("gaussian_analytic"))
  func matchesTheAnalyticGaussian(_ row: GoldenRow) throws {
    switch row.inputs["quantity"] as? String {
    case "delta":
      let (mu, epsilon) = (1 / (try row.input("sigma")), try row.input("epsilon"))
      let expected = try row.expectedNumber("log_delta")
      let logDelta = GaussianTradeOff.logDelta(mu: mu, epsilon: epsilon)
      #expect(abs(logDelta.upper - expected) <= 1e-9 * max(1, abs(expected)))
      row.check(
        GaussianTradeOff.delta(mu: mu, epsilon: epsilon).upper, peer: try row.expectedNumber("delta"), exact: nil)
    case "epsilon":
      let epsilon = GaussianTradeOff.epsilon(mu: 1 / (try row.input("sigma")), delta: try row.input("delta"))
      #expect(abs(epsilon.upper / (try row.expectedNumber("epsilon")) - 1) < 1e-9)
    default:
      let mu = GaussianTradeOff.mu(epsilon: try row.input("epsilon"), delta: try row.input("delta"))
      #expect(abs(1 / mu.lower / (try row.expectedNumber("sigma")) - 1) < 1e-9)
    }
  }

  @Test(
    arguments: try GoldenRow.rows("truth_delta").filter { $0.inputs["mechanism"] as? String == "Gaussian composition" })
  func matchesTheTruth(_ row: GoldenRow) throws {
    let mu = (try row.input("steps")).squareRoot() / (try row.input("noise_multiplier"))
    if row.inputs["epsilon"] != nil {
      let logDelta = GaussianTradeOff.logDelta(mu: mu, epsilon: try row.input("epsilon"))
      #expect(abs(logDelta.upper / (try row.expectedNumber("log_delta")) - 1) < 1e-9)
    } else {
      let epsilon = GaussianTradeOff.epsilon(mu: mu, delta: try row.input("delta"))
      #expect(abs(epsilon.upper / (try row.expectedNumber("epsilon")) - 1) < 1e-9)
    }
  }
}
