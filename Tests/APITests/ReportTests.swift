import API
import Testing

/// `/v1/report`, and the tight figures of `/v1/statement`.
@Suite struct ReportTests {
  private let api: TestAPI

  init() throws {
    api = try TestAPI()
  }

  private static let run =
    #""noise_multiplier": 1.1, "batch_size": 256, "dataset_size": 60000, "epochs": 10, "delta": 1e-6"#

  @Test func saysWhatAReviewerAsks() throws {
    let report = api.post("/v1/report", "{\(Self.run), \"release\": \"the final model\"}")
    try #require(report.status == 200, "\(report.text)")
    let plain = api.post("/v1/epsilon", "{\(Self.run), \"risk\": true}")
    for name in ["epsilon", "epsilon_lower", "method", "risk", "mechanism"] {
      #expect(report.json[name] == plain.json[name], "\(name)")
    }
    #expect(try #require(report.number("epsilon_rdp")) > (report.number("epsilon") ?? .infinity))
    let (text, markdown) = (report.json["text"]?.string ?? "", report.json["markdown"]?.string ?? "")
    for words in ["the final model", "each single example", "Poisson", "public constant"] {
      #expect(text.replacing("\n", with: " ").contains(words) && markdown.contains(words), "\(words): \(text)")
    }
    #expect(markdown.hasPrefix("## ") && text.split(separator: "\n").allSatisfy { $0.count <= 80 })
  }

  @Test func namesShufflingAsWhatItRestsOn() {
    let report = api.post("/v1/report", "{\(Self.run), \"sampling\": \"shuffle\"}")
    #expect(
      report.json["assumptions"]?.array?.contains { $0.string?.contains("one batch of an epoch") == true } == true)
    #expect(report.json["warnings"]?.array?.contains { $0.string?.contains("arXiv:2403.17673") == true } == true)
  }

  /// A user's three examples are one contribution of three times the norm where nothing is sampled.
  @Test func ofUsers() {
    let body = #"{"event": {"type": "gaussian", "noise_multiplier": 6}, "delta": 1e-5, "max_examples_per_user": 3}"#
    let report = api.post("/v1/report", body)
    let three = api.post("/v1/epsilon", #"{"event": {"type": "gaussian", "noise_multiplier": 2}, "delta": 1e-5}"#)
    #expect(report.number("epsilon") == three.number("epsilon"), "\(report.text)")
    #expect(report.json["unit"]?.string?.contains("at most 3 examples") == true)
  }

  @Test(arguments: [
    (#", "accountant": "rdp""#, "/accountant"), (#", "orders": [2]"#, "/orders"), (#", "release": """#, "/release"),
    (#", "adjacency": "replace_one", "max_examples_per_user": 2"#, "/max_examples_per_user"),
    (#", "steps": 3"#, "/epochs"),
  ])
  func mistakesAreNamed(rest: String, pointer: String) {
    let answer = api.post("/v1/report", "{\(Self.run)\(rest)}")
    #expect(answer.status == 422 && answer.pointers == [pointer], "\(answer.text)")
  }

  /// Microbatching doubles the sensitivity; there Rényi ranks Poisson sampling above none, and the tight figures do not.
  @Test func theTightFiguresOfAStatementAreInOrder() throws {
    let body =
      #"{"dataset_size": 60000, "batch_size": 32, "noise_multiplier": 0.5, "epochs": 1, "delta": 1e-5, "used_microbatching": true}"#
    let answer = api.post("/v1/statement", body)
    let once = try #require(answer.json.at("tight.example_epsilon_each_once_per_epoch")?.double)
    #expect(
      (answer.number("example_epsilon_poisson") ?? 0) > (answer.number("example_epsilon_each_once_per_epoch") ?? 0))
    #expect(once < (answer.number("example_epsilon_each_once_per_epoch") ?? 0))
    #expect(answer.number("least_valid_bound") == once)
  }

  /// The figures that accountants agree on: 9.9973 and 2.5985 for the tutorial's run, 24.3816 for users of two examples.
  @Test func theTutorialsTightFigures() throws {
    let body =
      #"{"dataset_size": 60000, "batch_size": 32, "noise_multiplier": 0.5, "epochs": 1, "delta": 1e-5, "max_examples_per_user": 2}"#
    let answer = api.post("/v1/statement", body)
    #expect(abs((answer.json.at("tight.example_epsilon_each_once_per_epoch")?.double ?? 0) - 9.997256) < 1e-5)
    #expect(abs((answer.json.at("tight.user_epsilon_each_once_per_epoch")?.double ?? 0) - 24.3816) < 1e-4)
  }
}
