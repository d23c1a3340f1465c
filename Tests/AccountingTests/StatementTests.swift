import Accounting
import Testing

@Suite struct StatementTests {
  private static func statement(_ row: GoldenRow) throws -> DPSGDStatement {
    try DPSGDStatement(
      DPSGDStatement.Run(
        datasetSize: row.count("number_of_examples"), batchSize: row.count("batch_size"), epochs: row.input("epochs"),
        noiseMultiplier: row.input("noise_multiplier"), delta: row.input("delta"),
        usedMicrobatching: try #require(row.inputs["used_microbatching"] as? Bool),
        maxExamplesPerUser: GoldenRow.number(row.inputs["max_examples_per_user"]).map { Int($0) }))
  }

  @Test(arguments: GoldenRow.rows("dpsgd_statement").filter { $0.inputs["accountant"] as? String == "RDP" })
  func matchesGoldenStatements(_ row: GoldenRow) throws {
    let statement = try Self.statement(row)
    #expect(statement.poissonSteps == (try row.count("poisson_steps")))
    #expect(statement.fullPassSteps == (try row.count("full_pass_steps")))
    row.check(
      statement.example.eachOncePerEpoch.standard,
      peer: try row.expectedNumber("example_epsilon_each_once_per_epoch"), exact: nil, part: "rdp")
    row.check(
      statement.example.poissonSampled.standard, peer: try row.expectedNumber("example_epsilon_poisson"),
      exact: GoldenRow.number(row.expected["example_epsilon_poisson_exact"]), part: "rdp")
    if let user = statement.user {
      row.check(
        user.eachOncePerEpoch.standard, peer: try row.expectedNumber("user_epsilon_each_once_per_epoch"), exact: nil,
        part: "user_rdp")
      row.check(
        user.poissonSampled.standard, peer: try row.expectedNumber("user_epsilon_poisson"), exact: nil, part: "user_rdp"
      )
    }
    #expect(statement.text == row.expected["statement"] as? String)
  }
}
