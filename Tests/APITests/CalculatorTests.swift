import API
import Testing

/// What the calculators answer beside what the golden rows check.
@Suite struct CalculatorTests {
  private let api: TestAPI

  init() throws {
    api = try TestAPI()
  }

  /// The run of TF Privacy's tutorial.
  private static let tutorial =
    #"{"dataset_size": 60000, "batch_size": 32, "noise_multiplier": 0.5, "epochs": 1, "delta": 1e-5}"#

  @Test func statementOfTheTutorial() {
    let answer = api.post("/v1/statement", Self.tutorial)
    #expect(answer.status == 200)
    #expect(String((answer.number("example_epsilon_each_once_per_epoch") ?? 0) * 1000).prefix(5) == "10725")
    #expect(abs((answer.number("example_epsilon_each_once_per_epoch") ?? 0) - 10.726) < 5e-4)
    #expect(abs((answer.number("example_epsilon_poisson") ?? 0) - 3.800) < 5e-4)
    let text = answer.json["text"]?.string ?? ""
    #expect(text.contains("    Epsilon with each example occurring once per epoch:        10.726\n"))
    #expect(text.contains("    Epsilon assuming Poisson sampling (*):                      3.800\n"))
    let optimized = answer.json.at("optimized.example_epsilon_each_once_per_epoch")?.double ?? 0
    #expect(optimized < 10.7255 && optimized > 10.7248)
  }

  @Test func microbatchingCostsMore() {
    let micro = api.post("/v1/statement", Self.tutorial.dropLast() + #", "used_microbatching": true}"#)
    #expect((micro.number("example_epsilon_each_once_per_epoch") ?? 0) > 25)
    #expect(micro.json["text"]?.string?.contains("with microbatching") == true)
  }

  /// 1 and 1.0 and 1e0 are one number (a peer answers differently for them).
  @Test(arguments: ["1", "1.0", "1e0", "10e-1", "1.000"])
  func spellingsOfANumber(spelling: String) {
    let body = #"{"noise_multiplier": \#(spelling), "sample_rate": 0.1, "steps": 10, "delta": 1e-5}"#
    let same =
      #"{"event": {"type": "self_composed", "count": 10, "event": {"type": "poisson_sampled", "#
      + #""sampling_probability": 0.1, "event": {"type": "gaussian", "noise_multiplier": \#(spelling)}}}, "delta": 0.00001}"#
    let reference = api.post(
      "/v1/epsilon", #"{"noise_multiplier": 1.0, "sample_rate": 0.1, "steps": 10, "delta": 1e-5}"#)
    #expect(reference.number("epsilon") ?? 0 > 1)
    #expect(api.post("/v1/epsilon", body).number("epsilon") == reference.number("epsilon"))
    #expect(api.post("/v1/epsilon", same).number("epsilon") == reference.number("epsilon"))
  }

  /// All ways of naming one run give one answer, and the echo says what it is for.
  @Test func waysToNameARun() {
    let bodies = [
      #"{"noise_multiplier": 1.1, "batch_size": 256, "dataset_size": 60000, "epochs": 60"#,
      #"{"noise_multiplier": 1.1, "batch_size": 256, "dataset_size": 60000, "steps": 14063"#,
      #"{"noise_multiplier": 1.1, "sample_rate": 0.0042666666666666669, "steps": 14063"#,
    ].map { api.post("/v1/epsilon", $0 + #", "delta": 1e-5, "accountant": "rdp"}"#) }
    for answer in bodies {
      #expect(answer.status == 200)
      #expect(abs((answer.number("epsilon") ?? 0) - 2.5966) < 1e-3)
      #expect(answer.json.at("mechanism.steps") == 14063)
      #expect(answer.json.at("mechanism.sampling") == "poisson")
      #expect(answer.json.at("mechanism.adjacency") == "add_or_remove_one")
      #expect(answer.json["epsilon_lower"] == .null && answer.json["accountant"] == "rdp")
      #expect(answer.json["assumptions"]?.array?.isEmpty == false)
    }
    #expect(bodies[0].number("epsilon") == bodies[1].number("epsilon"))
  }

  @Test func unknownEventIsAMistake() {
    let answer = api.post("/v1/epsilon", #"{"event": {"type": "gausian", "noise_multiplier": 1}, "delta": 1e-5}"#)
    #expect(answer.status == 422 && answer.code == "invalid_parameter" && answer.pointers == ["/event/type"])
    #expect(answer.json["detail"]?.string?.contains("did you mean gaussian?") == true)
  }

  @Test(arguments: [
    #"{"event": {"type": "non_private"}, "delta": 1e-5}"#,
    #"{"event": {"type": "gaussian", "noise_multiplier": 1}, "delta": 0}"#,
    #"{"noise_multiplier": 0, "sample_rate": 0.5, "steps": 1, "delta": 1e-5}"#,
  ])
  func infiniteIsNullWithAWarning(body: String) {
    let answer = api.post("/v1/epsilon", body)
    #expect(answer.status == 200 && answer.json["epsilon"] == .null)
    #expect(answer.json["warnings"]?.array?.contains { $0.string?.contains("infinite") == true } == true)
  }

  @Test func pureDifferentialPrivacyAtDeltaZero() {
    let answer = api.post("/v1/epsilon", #"{"event": {"type": "laplace", "noise_multiplier": 2}, "delta": 0}"#)
    #expect(answer.json["order"] == .null)
    let epsilon = answer.number("epsilon") ?? 0
    #expect(epsilon >= 0.5 && epsilon < 0.5000001)
  }

  @Test func replaceOneCountsTwice() {
    let run = #"{"noise_multiplier": 2, "sampling": "full_batch", "steps": 1, "delta": 1e-5"#
    let replaced = api.post("/v1/epsilon", run + #", "adjacency": "replace_one"}"#)
    let half = api.post("/v1/epsilon", #"{"noise_multiplier": 1, "sampling": "full_batch", "steps": 1, "delta": 1e-5}"#)
    let zeroed = api.post("/v1/epsilon", run + #", "adjacency": "zero_out"}"#)
    let added = api.post("/v1/epsilon", run + "}")
    #expect(abs((replaced.number("epsilon") ?? 0) - (half.number("epsilon") ?? 1)) < 1e-9)
    #expect(zeroed.number("epsilon") == added.number("epsilon"))
    #expect(zeroed.json.at("mechanism.adjacency") == "zero_out")
    let onlyWithEvents = api.post("/v1/epsilon", run + #", "adjacency": "replace_special"}"#)
    #expect(onlyWithEvents.status == 422 && onlyWithEvents.pointers == ["/adjacency"])
  }

  /// Adaptive clipping releases a count beside the sum, from the same sample: both are one Gaussian with the precisions added.
  @Test func adaptiveClippingPaysForItsCounts() {
    func epsilon(_ fields: String) -> Double {
      api.post("/v1/epsilon", #"{"sample_rate": 0.01, "steps": 500, "delta": 1e-6, \#(fields)}"#).number("epsilon")
        ?? .nan
    }
    let both = epsilon(#""noise_multiplier": 1, "clipped_count_stddev": 2"#)
    #expect(both > epsilon(#""noise_multiplier": 1"#) * 1.01)
    #expect(abs(both - epsilon(#""noise_multiplier": \#(1 / 1.0625.squareRoot())"#)) < 1e-8)
    let solved = api.post(
      "/v1/noise-multiplier",
      #"{"sample_rate": 0.01, "steps": 500, "delta": 1e-6, "clipped_count_stddev": 2, "target_epsilon": \#(both)}"#)
    #expect(abs((solved.number("noise_multiplier") ?? .nan) - 1) < 1e-6)
    #expect(solved.json.at("mechanism.clipped_count_stddev")?.double == 2)
  }

  @Test func largeDeltaIsWarnedOf() {
    let answer = api.post(
      "/v1/epsilon",
      #"{"noise_multiplier": 1, "batch_size": 10, "dataset_size": 1000, "steps": 5, "delta": 1e-3, "accountant": "rdp"}"#
    )
    #expect(answer.json.at("warnings.0")?.string?.contains("1/dataset_size") == true)
  }

  @Test func trajectoryEndsAtTheAnswer() {
    let answer = api.post(
      "/v1/epsilon", #"{"noise_multiplier": 1, "sample_rate": 0.01, "steps": 1000, "delta": 1e-5, "trajectory": 7}"#)
    let points = answer.json["trajectory"]?.array ?? []
    #expect(points.count == 7)
    #expect(points.last?["step"] == 1000)
    let (last, whole) = (points.last?["epsilon"]?.double ?? 0, answer.number("epsilon") ?? 1)
    #expect(abs(last - whole) <= 1e-6 * whole)
    let epsilons = points.compactMap { $0["epsilon"]?.double }
    #expect(zip(epsilons, epsilons.dropFirst()).allSatisfy { $0 < $1 })
    let single = api.post(
      "/v1/epsilon", #"{"event": {"type": "laplace", "noise_multiplier": 1}, "delta": 0, "trajectory": 3}"#)
    #expect(single.status == 422 && single.pointers == ["/trajectory"])
  }

  @Test func userLevel() {
    let body =
      #"{"noise_multiplier": 0.5, "batch_size": 32, "dataset_size": 60000, "epochs": 1, "delta": 1e-5, "max_examples_per_user": "#
    let one = api.post("/v1/epsilon", body + "1}")
    #expect((one.json.at("user_level.epsilon")?.double ?? 0) >= one.number("epsilon") ?? 1)
    // A user's two examples as one contribution; dp_accounting's mixture has 4.0624. Group privacy by Rényi: 11.9662.
    let two = api.post("/v1/epsilon", body + "2}")
    let epsilon = two.json.at("user_level.epsilon")?.double ?? 0
    #expect(epsilon > 4.06 && epsilon < 11.9662, "\(two.text)")
    #expect(two.json.at("user_level.method") == "mixture of Gaussians")
    let byGroup = api.post(
      "/v1/epsilon",
      #"{"event": {"type": "zcdp", "rho": 0.01}, "delta": 1e-5, "max_examples_per_user": 2}"#)
    #expect(byGroup.json.at("user_level.method") == "group privacy")
    #expect((byGroup.json.at("user_level.epsilon")?.double ?? 0) > 2 * (byGroup.number("epsilon") ?? 1))
    #expect(api.post("/v1/epsilon", body + "1000000}").status == 200)
  }

  @Test func givenOrdersAreTheOnlyOnes() {
    let body = #"{"noise_multiplier": 1.1, "sample_rate": 0.01, "steps": 1000, "delta": 1e-5"#
    let free = api.post("/v1/epsilon", body + "}")
    let fixed = api.post("/v1/epsilon", body + #", "orders": [3, 5.5]}"#)
    #expect([3, 5.5].contains(fixed.number("order") ?? 0))
    #expect((fixed.number("epsilon") ?? 0) > (free.number("epsilon") ?? 1))
  }

  @Test func deltaInvertsEpsilon() {
    let run = #""noise_multiplier": 1.1, "sample_rate": 0.01, "steps": 1000"#
    let epsilon = api.post("/v1/epsilon", "{\(run), \"delta\": 1e-5}").number("epsilon") ?? 0
    let delta = api.post("/v1/delta", "{\(run), \"epsilon\": \(epsilon)}").number("delta") ?? 1
    #expect(delta <= 1e-5 * (1 + 1e-6) && delta > 0.99e-5)
  }
}
