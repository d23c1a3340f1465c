import Accounting
import Testing

/// Loss distributions against what peers return for Poisson-sampled Gaussians.
struct LossDistributionGoldenTests {
  /// The greater of both directions, as add-or-remove-one asks for.
  private func epsilon(_ row: GoldenRow, removingOnly: Bool = false) throws -> (lower: Double, upper: Double) {
    let part = LossPart.poissonGaussian(
      probability: try row.input("sampling_probability"), noise: try row.input("noise_multiplier"),
      count: try row.count("steps"))
    let delta = try row.input("delta")
    let removing = try LossComposition([part]).epsilon(delta: delta)
    if removingOnly { return removing }
    let adding = try LossComposition([part.reversed]).epsilon(delta: delta)
    return (max(removing.lower, adding.lower), max(removing.upper, adding.upper))
  }

  private func expectNarrow(_ bracket: (lower: Double, upper: Double), _ row: GoldenRow) {
    #expect(bracket.upper - bracket.lower <= max(2e-3 * bracket.upper, 1e-6), "\(row.id): \(bracket)")
    #expect(bracket.lower <= bracket.upper, "\(row.id): \(bracket)")
  }

  @Test("the peers' pessimistic distributions", arguments: try GoldenRow.rows("epsilon_pld_poisson_gaussian"))
  func pessimistic(row: GoldenRow) throws {
    let bracket = try epsilon(row)
    let peer = try row.expectedNumber("epsilon")
    expectNarrow(bracket, row)
    // A peer's upper bound is never below what some datasets reach.
    #expect(bracket.lower <= peer * (1 + 1e-9) + 1e-9, "\(row.id): \(bracket) above \(peer)")
    let relative = GoldenRow.number(row.tolerance["rel"]) ?? 0
    let absolute = GoldenRow.number(row.tolerance["abs"]) ?? 0
    #expect(bracket.upper <= peer * (1 + relative) + absolute, "\(row.id): \(bracket) above \(peer)")
  }

  @Test("the peers' brackets", arguments: try GoldenRow.rows("pld_bracket"))
  func brackets(row: GoldenRow) throws {
    let bracket = try epsilon(row)
    expectNarrow(bracket, row)
    #expect(bracket.upper >= (try row.expectedNumber("epsilon_lower")) - 1e-6, "\(row.id): \(bracket)")
    #expect(bracket.lower <= (try row.expectedNumber("epsilon_upper")) + 1e-6, "\(row.id): \(bracket)")
  }

  @Test("the Fourier accountant's brackets: one in seven may be refused")
  func fourier() throws {
    var refused: [String] = []
    for row in try GoldenRow.rows("prv_bounds") {
      do {
        let bracket = try epsilon(row, removingOnly: true)
        expectNarrow(bracket, row)
        #expect(bracket.upper >= (try row.expectedNumber("epsilon_lower")) - 1e-4, "\(row.id): \(bracket)")
        #expect(bracket.lower <= (try row.expectedNumber("epsilon_upper")) + 1e-4, "\(row.id): \(bracket)")
      } catch AccountingError.notCertified {
        refused.append(row.id)
      }
    }
    #expect(refused.count <= 1, "\(refused)")
  }
}
