import Accounting
import Testing

/// Numbers and paragraphs as Python writes them, and events as canonical JSON.
@Suite struct TextTests {
  /// Expected values by Python 3.11's `repr`.
  @Test func floatsReadAsInPython() {
    let expected: [(Double, String)] = [
      (1e-5, "1e-05"), (0.0001, "0.0001"), (1, "1.0"), (0, "0.0"), (-0.5, "-0.5"), (1e15, "1000000000000000.0"),
      (9_999_999_999_999_998, "9999999999999998.0"), (1e16, "1e+16"), (1.2e16, "1.2e+16"), (12.6, "12.6"),
      (1.2345678901234568e17, "1.2345678901234568e+17"), (1e22, "1e+22"), (0.1, "0.1"), (1.5e-7, "1.5e-07"),
      (1 / 3.0, "0.3333333333333333"), (.greatestFiniteMagnitude, "1.7976931348623157e+308"), (100, "100.0"),
      (.leastNonzeroMagnitude, "5e-324"), (0.00123, "0.00123"),
    ]
    for (value, text) in expected { #expect(DecimalText(value).python == text) }
  }

  /// Expected values by RFC 8785, appendix B, and ECMAScript.
  @Test func floatsReadAsInECMAScript() {
    let expected: [(Double, String)] = [
      (0, "0"), (-0.0, "0"), (1e-5, "0.00001"), (1e-7, "1e-7"), (1e21, "1e+21"), (1e20, "100000000000000000000"),
      (1, "1"), (14063, "14063"), (0.00427, "0.00427"), (1.1, "1.1"), (1.5e-7, "1.5e-7"),
      (.leastNonzeroMagnitude, "5e-324"), (9_007_199_254_740_992, "9007199254740992"),
      (.greatestFiniteMagnitude, "1.7976931348623157e+308"), (333_333_333.333_333_29, "333333333.3333333"),
    ]
    for (value, text) in expected { #expect(DecimalText(value).ecmaScript == text) }
  }

  /// Expected values by C's `%.3f`, which rounds the exact binary value.
  @Test func threePlacesRoundExactly() {
    let expected: [(Double, String)] = [
      (0.0005, "0.001"), (0.0015, "0.002"), (1.0005, "1.000"), (2.0005, "2.001"), (3.7998843884850744, "3.800"),
      (10.0625, "10.062"), (0.1328125, "0.133"), (999.9995, "1000.000"), (1e-9, "0.000"), (0.0025, "0.003"),
      (1e15 + 0.25, "1000000000000000.250"), (1e17, "100000000000000000.000"), (.infinity, "inf"), (0.1235, "0.123"),
    ]
    for (value, text) in expected { #expect(DecimalText.fixedPoint(value, width: 0) == text) }
    #expect(DecimalText.fixedPoint(3.8, width: 12) == "       3.800")
  }

  /// Expected lines by Python's `textwrap.fill`.
  @Test func paragraphsBreakAtSpacesAndHyphens() {
    #expect(Paragraph.fill("an add-or-remove-one rule", width: 12) == "an add-or-\nremove-one\nrule")
    #expect(Paragraph.fill("at delta = 1e-05 a-b x-ray", width: 10) == "at delta =\n1e-05 a-b\nx-ray")
    #expect(Paragraph.fill("one two", width: 80) == "one two")
    #expect(Paragraph.fill("", width: 80) == "")
  }

  @Test func canonicalJSONSortsNamesAndKeepsEveryDigit() {
    let event = PrivacyEvent.composed([
      .dpsgd(samplingProbability: 0.00427, noiseMultiplier: 1.1, steps: 14063), .laplace(noiseMultiplier: 2),
      .noOp, .nonPrivate, .zeroConcentrated(rho: 1e-7, xi: 0), .epsilonDelta(epsilon: 0.5, delta: 1e-5),
      .randomizedResponse(noiseParameter: 0.25, numBuckets: 3),
    ])
    let expected =
      #"{"events":[{"count":14063,"event":{"event":{"noise_multiplier":1.1,"type":"gaussian"},"#
      + #""sampling_probability":0.00427,"type":"poisson_sampled"},"type":"self_composed"},"#
      + #"{"noise_multiplier":2,"type":"laplace"},{"type":"no_op"},{"type":"non_private"},"#
      + #"{"rho":1e-7,"type":"zcdp","xi":0},{"delta":0.00001,"epsilon":0.5,"type":"epsilon_delta"},"#
      + #"{"noise_parameter":0.25,"num_buckets":3,"type":"randomized_response"}],"type":"composed"}"#
    #expect(event.canonicalJSON == expected)
  }

  @Test func errorsSayWhereAndWhat() throws {
    let event = PrivacyEvent.composed([.noOp, .selfComposed(event: .gaussian(noiseMultiplier: -2), count: 3)])
    let error = try #require(event.invalidParameters().first)
    #expect(error.pointer == "/events/1/event/noise_multiplier")
    #expect(error.description == "must be finite and at least 0, not -2.0")
  }
}
