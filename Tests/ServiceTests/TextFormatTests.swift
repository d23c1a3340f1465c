import API
import Ledger
import Service
import TestSupport
import Testing

@Suite struct TextFormatTests {
  @Test func prometheusTextHasItsLinesInOrderAndEscapesLabels() {
    var text = PrometheusText()
    text.family("a_total", .counter, "What it counts.")
    text.sample("a_total", [("label", "back\\slash \"quoted\"\nline")], 3)
    text.sample("b", [], .infinity)
    text.sample("c", [], 0.25)
    #expect(
      text.text == """
        # HELP a_total What it counts.
        # TYPE a_total counter
        a_total{label="back\\\\slash \\"quoted\\"\\nline"} 3
        b +Inf
        c 0.25

        """)
  }

  @Test func aHistogramsBucketsAreCumulativeAndEndWithAll() {
    var histogram = Histogram()
    for seconds in [0.0004, 0.0005, 0.002, 60] { histogram.observe(seconds) }
    var text = PrometheusText()
    text.histogram("h", [("route", "/x")], histogram)
    let lines = text.text.split(separator: "\n")
    #expect(lines.count == Histogram.bounds.count + 3)
    #expect(lines.first == #"h_bucket{route="/x",le="0.0005"} 2"#)
    #expect(lines.contains(#"h_bucket{route="/x",le="0.0025"} 3"#))
    #expect(lines.contains(#"h_bucket{route="/x",le="10"} 3"#))
    #expect(lines.contains(#"h_bucket{route="/x",le="+Inf"} 4"#))
    #expect(lines.last == #"h_count{route="/x"} 4"#)
  }

  @Test(
    arguments: [
      ("a: 1", #"{"a":1}"#),
      ("a: '1'", #"{"a":"1"}"#),
      ("'200': {b: [true, null, 1.5, text]}", #"{"200":{"b":[true,null,1.5,"text"]}}"#),
      ("200: x", #"{"200":"x"}"#),
      ("a: |\n  one\n  two\n", #"{"a":"one\ntwo\n"}"#),
      ("z: 1\na: 2", #"{"z":1,"a":2}"#),
      ("version: 3.1.0", #"{"version":"3.1.0"}"#),
    ])
  func yamlBecomesTheSameJSON(yaml: String, json: String) throws {
    #expect(String(decoding: try Contract.json(fromYAML: yaml).bytes, as: UTF8.self) == json)
  }

  @Test func anEventThatHoldsLineBreaksIsStillOneMessage() throws {
    let job = try #require(JobID("job_a"))
    let event = JobEvent(
      job: job, sequence: 7, time: Timestamp(milliseconds: 0), kind: "metrics\ndata: forged",
      data: "{\r\n\"step\":\n1}")
    #expect(
      try ServerSentEvent.text(event) == """
        id: 7
        event: metrics
        data: {"sequence":7,"time":"1970-01-01T00:00:00.000Z","kind":"metrics\\ndata: forged","data":{"step":1}}


        """)
  }

  @Test func whatWasLoggedIsWrittenBeforeTheLogEnds() async {
    let lines = LogLines()
    let log = Log { lines.append($0) }
    for number in 0..<500 { log(.info, "line", [.init("number", .integer(number))]) }
    await log.stop()
    log(.info, "too late")
    let written = lines.text.split(separator: "\n").map { JSON(Array($0.utf8)) }
    #expect(written.map { $0["number"].number } == (0..<500).map(Double.init))
    #expect(written.allSatisfy { $0["level"].string == "info" && $0["time"].string?.hasSuffix("Z") == true })
  }

  @Test(
    arguments: [
      ("localhost", true), ("LOCALHOST", true), ("127.0.0.1", true), ("127.1.2.3", true), ("::1", true),
      ("[::1]", true),
      ("0.0.0.0", false), ("10.0.0.1", false), ("127.0.0.1.evil.example", false), ("127.evil.example.com", false),
      ("127.0.0", false), ("", false), ("localhost.evil.example", false), ("[::2]", false), ("::", false),
    ])
  func onlyThisMachinesOwnNamesAreLoopback(host: String, isLoopback: Bool) {
    #expect(HostCheck.isLoopback(host: host) == isLoopback)
  }
}
