import API
import Testing

/// What is solved for keeps its promise when it is fed back, and is the last one that does.
@Suite struct SolveTests {
  private let api: TestAPI

  init() throws {
    api = try TestAPI()
  }

  private static let noise = #""noise_multiplier": 1.1"#
  private static let batch = #""batch_size": 256, "dataset_size": 60000"#
  private static let dataset = #""dataset_size": 60000"#

  /// The field, the rest of the run, and how the field is spelled for the next value that must fail.
  static let questions: [(field: String, rest: String, next: @Sendable (Double) -> Double)] = [
    ("noise_multiplier", "\(batch), \"epochs\": 30", { $0 * (1 - 1e-6) }),
    ("steps", "\(noise), \(batch)", { $0 + 1 }),
    ("epochs", "\(noise), \(batch)", { $0 * (1 + 1e-3) }),
    ("batch_size", "\(noise), \(dataset), \"steps\": 5000", { $0 + 1 }),
    ("batch_size", "\(noise), \(dataset), \"epochs\": 30", { $0 + 1 }),
    ("sample_rate", "\(noise), \"steps\": 5000", { $0 * (1 + 1e-6) }),
  ]

  @Test(arguments: questions.indices, [(1.0, "rdp"), (3.0, "rdp"), (1.0, "auto"), (3.0, "pld")])
  func keepsItsPromise(index: Int, asked: (target: Double, accountant: String)) throws {
    let target = asked.target
    let (field, run, next) = Self.questions[index]
    let rest = run + #", "delta": 1e-5, "accountant": "\#(asked.accountant)""#
    let answer = api.post(
      "/v1/solve",
      "{\"solve_for\": \"\(field)\", \(rest), \"target_epsilon\": \(target)}")
    try #require(answer.status == 200, "\(answer.text)")
    let solved = try #require(answer.number(field))
    #expect(answer.json["solve_for"]?.string == field)
    let achieved = try #require(answer.number("epsilon"))
    #expect(achieved <= target)
    #expect(try epsilon(field, solved, rest) == achieved)
    #expect(try epsilon(field, next(solved), rest) > target)
    try checkCertificate(answer, field, rest, target)
  }

  /// What the certificate names fails indeed.
  private func checkCertificate(_ answer: Answer, _ field: String, _ rest: String, _ target: Double) throws {
    guard answer.json["accountant"] == "pld" else { return #expect(answer.json["certificate"] == .null) }
    let certificate = try #require(answer.json["certificate"])
    #expect((certificate["epsilon_lower"]?.double ?? 0) > target)
    #expect(try epsilon(field, try #require(certificate[field]?.double), rest) > target)
  }

  private func epsilon(_ field: String, _ value: Double, _ rest: String) throws -> Double {
    let answer = api.post("/v1/epsilon", "{\"\(field)\": \(value), \(rest)}")
    return try #require(answer.number("epsilon"), "\(answer.text)")
  }

  /// Where whole epochs compose, the answer is the last epoch that fits, and the certificate begins the next one.
  @Test func shuffledRunsAreSolvedInEpochs() throws {
    let run =
      #""noise_multiplier": 3, "batch_size": 10, "dataset_size": 1000, "sampling": "shuffle", "target_epsilon": 3, "delta": 1e-5"#
    let epochs = api.post("/v1/solve", #"{"solve_for": "epochs", \#(run)}"#)
    let steps = api.post("/v1/solve", #"{"solve_for": "steps", \#(run)}"#)
    let count = try #require(epochs.number("epochs"))
    #expect(count == count.rounded() && steps.number("steps") == 100 * count)
    #expect(steps.json.at("certificate.steps")?.double == 100 * count + 1)
    #expect(epochs.json["epsilon"] == steps.json["epsilon"])
  }

  /// δ is the least one whose ε, asked for again, keeps the target.
  @Test(arguments: ["rdp", "auto"]) func deltaKeepsItsPromise(accountant: String) throws {
    let run = #""noise_multiplier": 1.1, "sample_rate": 0.01, "steps": 1000, "accountant": "\#(accountant)""#
    let answer = api.post("/v1/solve", #"{"solve_for": "delta", "target_epsilon": 1.25, \#(run)}"#)
    let delta = try #require(answer.number("delta"), "\(answer.text)")
    #expect(try #require(answer.number("epsilon")) <= 1.25)
    #expect(api.post("/v1/epsilon", "{\(run), \"delta\": \(delta)}").json["epsilon"] == answer.json["epsilon"])
    #expect(try #require(api.post("/v1/epsilon", "{\(run), \"delta\": \(delta * 0.99)}").number("epsilon")) > 1.25)
  }

  @Test func noiseMultiplierIsTheSameQuestion() {
    let rest = #""sample_rate": 0.01, "steps": 1000, "target_epsilon": 1, "delta": 1e-6}"#
    let solve = api.post("/v1/solve", #"{"solve_for": "noise_multiplier", "# + rest)
    let direct = api.post("/v1/noise-multiplier", "{" + rest)
    #expect(direct.status == 200 && solve.json["noise_multiplier"] == direct.json["noise_multiplier"])
  }

  /// The field at fault is one that the request has.
  @Test(arguments: [
    (
      #"{"solve_for": "steps", "noise_multiplier": 0.1, "sample_rate": 1, "target_epsilon": 0.01, "delta": 1e-9}"#,
      ["/target_epsilon"]
    ),
    (
      #"{"solve_for": "batch_size", "noise_multiplier": 0.1, "dataset_size": 10, "steps": 100, "target_epsilon": 0.01, "delta": 1e-9}"#,
      ["/target_epsilon"]
    ),
    (
      #"{"solve_for": "noise_multiplier", "sample_rate": 0.1, "steps": 100, "target_epsilon": 1, "delta": 0}"#,
      ["/delta"]
    ),
    (
      #"{"solve_for": "steps", "noise_multiplier": 0, "sample_rate": 0.1, "target_epsilon": 1, "delta": 1e-5}"#,
      ["/noise_multiplier"]
    ),
  ])
  func whatCannotBeReachedIsSaid(body: String, pointers: [String]) {
    let answer = api.post("/v1/solve", body)
    #expect(answer.status == 422 && answer.pointers == pointers, "\(answer.text)")
  }

  @Test(arguments: [
    (#"{"noise_multiplier": 1, "sample_rate": 0.1, "target_epsilon": 1, "delta": 1e-5}"#, ["/solve_for"]),
    (#"{"solve_for": "sigma", "sample_rate": 0.1, "target_epsilon": 1, "delta": 1e-5}"#, ["/solve_for"]),
    (
      #"{"solve_for": "sigma", "sample_rate": 0.1, "target_epsilon": -1, "delta": 2}"#,
      ["/solve_for", "/target_epsilon", "/delta"]
    ),
    (
      #"{"solve_for": "sigma", "noise_multiplier": -1, "batch_size": 0, "steps": 1.5, "adjacency": "none", "target_epsilon": 1, "setps": 5}"#,
      ["/solve_for", "/noise_multiplier", "/batch_size", "/steps", "/adjacency", "/setps"]
    ),
    (
      #"{"solve_for": "sample_rate", "sampling": "without_replacement", "noise_multiplier": 1, "steps": 5, "target_epsilon": 1, "delta": 1e-5}"#,
      ["/solve_for"]
    ),
    (
      #"{"solve_for": "batch_size", "sampling": "balls_in_bins", "dataset_size": 9, "noise_multiplier": 1, "steps": 5, "target_epsilon": 1, "delta": 1e-5}"#,
      ["/steps"]
    ),
    (
      #"{"solve_for": "delta", "noise_multiplier": 1, "sample_rate": 0.1, "steps": 5, "target_epsilon": 1, "delta": 1e-5}"#,
      ["/delta"]
    ),
    (
      #"{"solve_for": "steps", "steps": 5, "noise_multiplier": 1, "sample_rate": 0.1, "target_epsilon": 1, "delta": 1e-5}"#,
      ["/steps"]
    ),
    (#"{"solve_for": "steps", "event": {"type": "no_op"}, "target_epsilon": 1, "delta": 1e-5}"#, ["/event"]),
    (
      #"{"solve_for": "batch_size", "noise_multiplier": 1, "steps": 5, "target_epsilon": 1, "delta": 1e-5}"#,
      ["/dataset_size"]
    ),
    (
      #"{"solve_for": "steps", "noise_multiplier": 1, "sample_rate": 0.1, "target_epsilon": 0, "delta": 1e-5}"#,
      ["/target_epsilon"]
    ),
    (
      #"{"solve_for": "sample_rate", "sampling": "full_batch", "noise_multiplier": 1, "steps": 5, "target_epsilon": 1, "delta": 1e-5}"#,
      ["/solve_for"]
    ),
  ])
  func badQuestions(body: String, pointers: [String]) {
    let answer = api.post("/v1/solve", body)
    #expect(answer.status == 422 && answer.pointers == pointers, "\(answer.text)")
  }

  @Test func frontierIsRowMajor() throws {
    let answer = api.post(
      "/v1/frontier",
      #"{"noise_multiplier": [0.8, 1.1, 1.5], "epochs": [10, 60], "batch_size": 256, "dataset_size": 60000, "delta": [1e-5], "accountant": "rdp"}"#
    )
    try #require(answer.status == 200, "\(answer.text)")
    #expect(answer.json["shape"] == [3, 2, 1])
    #expect(answer.json["axes"]?.array?.compactMap { $0["name"]?.string } == ["noise_multiplier", "epochs", "delta"])
    let epsilons = try #require(answer.json["epsilon"]?.array).compactMap(\.double)
    #expect(epsilons.count == 6)
    let single = api.post(
      "/v1/epsilon",
      #"{"noise_multiplier": 1.1, "epochs": 60, "batch_size": 256, "dataset_size": 60000, "delta": 1e-5, "accountant": "rdp"}"#
    )
    #expect(epsilons[3] == single.number("epsilon"))
    #expect(epsilons[0] > epsilons[2] && epsilons[0] < epsilons[1])
  }

  @Test func hugeGridsAreRefusedBeforeTheyStart() {
    let many = Array(repeating: "1", count: 200).joined(separator: ",")
    let answer = api.post(
      "/v1/frontier",
      "{\"noise_multiplier\": [\(many)], \"epochs\": [\(many)], \"batch_size\": [\(many)], \"dataset_size\": 60000, \"delta\": 1e-5}"
    )
    #expect(answer.status == 422 && answer.json["detail"]?.string?.contains("8000000 points") == true)
  }
}
