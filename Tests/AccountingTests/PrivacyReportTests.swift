import Accounting
import Testing

@Suite struct PrivacyReportTests {
  private func report(_ unit: PrivacyReport.Unit = .example) throws -> PrivacyReport {
    try PrivacyReport(
      event: .dpsgd(samplingProbability: 0.01, noiseMultiplier: 1, steps: 1000), delta: 1e-5,
      setting: .init(unit: unit, release: "all model checkpoints", assumptions: ["The dataset's size is public."]))
  }

  @Test func everyFigureIsInEveryRendering() throws {
    let report = try report()
    let figures = [report.epsilon.upper, report.gaussian?.mu, report.risk?.advantage].compactMap { $0 }
    try #require(figures.count == 3)
    for figure in figures {
      #expect(report.text.contains("\(figure)") || report.text.contains("\(figure)".prefix(12)))
      #expect(report.markdown.contains("\(figure)"))
      #expect(report.entries.contains { $0.value == .number(figure) })
    }
    #expect(report.text.contains("Poisson sampling") && report.markdown.contains("The dataset's size is public."))
    #expect(report.text.split(separator: "\n").allSatisfy { $0.count <= 80 })
    #expect(Set(report.entries.map(\.key)).count == report.entries.count)
  }

  @Test func unitsAreNamed() throws {
    #expect(try report().text.contains("each single example"))
    #expect(try report(.user(maxExamples: 3)).markdown.contains("each user with at most 3 examples"))
  }

  @Test func noGuaranteeIsSaidSo() throws {
    let report = try PrivacyReport(event: .nonPrivate, delta: 1e-5)
    #expect(report.epsilon.upper == .infinity && report.gaussian == nil && report.risk == nil)
    #expect(report.text.contains("no finite ε") && report.markdown.contains("infinite"))
  }
}
