import API
import Testing

/// Each way to draw batches has a bound of its own, and says what it takes for granted.
@Suite struct SamplingTests {
  private let api: TestAPI

  init() throws {
    api = try TestAPI()
  }

  private func ask(_ run: String, adjacency: String = "add_or_remove_one") -> Answer {
    api.post("/v1/epsilon", #"{\#(run), "noise_multiplier": 1.5, "delta": 1e-5, "adjacency": "\#(adjacency)"}"#)
  }

  private static func gaussians(_ count: Int) -> String {
    #"{"type": "self_composed", "count": \#(count), "event": {"type": "gaussian", "noise_multiplier": 1.5}}"#
  }

  /// Shuffled epochs are Gaussian releases, one for each epoch begun.
  @Test(arguments: [
    (#""batch_size": 10, "dataset_size": 1000, "epochs": 3"#, 3),
    (#""batch_size": 10, "dataset_size": 1000, "epochs": 2.5"#, 3),
    (#""batch_size": 10, "dataset_size": 1000, "steps": 250"#, 3),
    (#""batch_size": 10, "dataset_size": 1000, "steps": 1"#, 1),
    // 1000/300 is three full batches: who leaves the last one out begins the second epoch with the fourth step.
    (#""batch_size": 300, "dataset_size": 1000, "steps": 4"#, 2),
    (#""batch_size": 300, "dataset_size": 1000, "epochs": 1"#, 1),
    (#""sample_rate": 0.25, "steps": 9"#, 3),
    (#""sample_rate": 1, "steps": 2"#, 2),
  ])
  func shuffleIsOneReleaseAnEpoch(run: String, epochs: Int) {
    for adjacency in ["add_or_remove_one", "replace_one", "zero_out"] {
      let answer = ask(run + #", "sampling": "shuffle""#, adjacency: adjacency)
      let releases = api.post(
        "/v1/epsilon",
        #"{"event": \#(Self.gaussians(epochs)), "delta": 1e-5, "adjacency": "\#(adjacency == "zero_out" ? "replace_special" : adjacency)"}"#
      )
      #expect(answer.number("epsilon") == releases.number("epsilon"), "\(answer.text)")
      let warnings = answer.json["warnings"]?.array?.compactMap(\.string) ?? []
      #expect(warnings.contains { $0.contains("arXiv:2403.17673") && $0.contains("Poisson") })
    }
  }

  @Test func aShuffledTrajectoryIsByEpoch() {
    let answer = ask(#""batch_size": 10, "dataset_size": 1000, "steps": 250, "sampling": "shuffle", "trajectory": 9"#)
    #expect(answer.json["trajectory"]?.array?.map { $0["step"] } == [100, 200, 250], "\(answer.text)")
  }

  /// The same as the event of its name, whichever accountant has a bound for it.
  @Test(arguments: ["add_or_remove_one", "replace_one"]) func withoutReplacementIsItsEvent(adjacency: String) {
    let sampled =
      #"{"type": "sampled_without_replacement", "dataset_size": 1000, "sample_size": 10, "event": {"type": "gaussian", "noise_multiplier": 1.5}}"#
    let event = #"{"type": "self_composed", "count": 200, "event": \#(sampled)}"#
    let direct = api.post("/v1/epsilon", #"{"event": \#(event), "delta": 1e-5, "adjacency": "\#(adjacency)"}"#)
    let answer = ask(
      #""batch_size": 10, "dataset_size": 1000, "epochs": 2, "sampling": "without_replacement""#, adjacency: adjacency)
    #expect(answer.number("epsilon") == direct.number("epsilon") && answer.code == direct.code, "\(answer.text)")
  }

  @Test func ballsInBinsIsRandomAllocation() {
    let allocated = #"{"type": "random_allocation", "noise_multiplier": 1.5, "bins": 3, "selected": 1}"#
    let event = #"{"type": "self_composed", "count": 2, "event": \#(allocated)}"#
    let direct = api.post("/v1/epsilon", #"{"event": \#(event), "delta": 1e-5}"#)
    for run in [#""epochs": 2"#, #""steps": 6"#] {
      let answer = ask(#""batch_size": 300, "dataset_size": 1000, "sampling": "balls_in_bins", \#(run)"#)
      #expect(answer.number("epsilon") == direct.number("epsilon") && answer.code == direct.code, "\(answer.text)")
    }
  }

  @Test(arguments: [
    (
      #""sample_rate": 0.1, "steps": 5, "sampling": "without_replacement""#,
      ["/sample_rate", "/batch_size", "/dataset_size"]
    ),
    (#""batch_size": 5, "steps": 5, "sampling": "without_replacement""#, ["/dataset_size"]),
    (#""batch_size": 10, "dataset_size": 100, "epochs": 1.5, "sampling": "balls_in_bins""#, ["/epochs"]),
    (#""batch_size": 10, "dataset_size": 100, "steps": 15, "sampling": "balls_in_bins""#, ["/steps"]),
    (#""sample_rate": 0.5, "steps": 15, "sampling": "full_batch""#, ["/sampling"]),
  ])
  func whatDoesNotGoTogether(run: String, pointers: [String]) {
    let answer = ask(run)
    #expect(answer.status == 422 && answer.pointers == pointers, "\(answer.text)")
  }

  /// A budget counts shuffled runs in epochs, and says so when one does not fit.
  @Test func aBudgetCutsAShuffledRunInEpochs() throws {
    let body = #"{"name": "b", "dataset": "d", "epsilon": 3, "delta": 1e-5}"#
    let budget = try #require(api.post("/v1/budgets", body).json["id"]?.string)
    let run = #""noise_multiplier": 3, "batch_size": 10, "dataset_size": 1000, "epochs": 50, "sampling": "shuffle""#
    let refused = api.post("/v1/budgets/\(budget)/charges", "{\(run)}")
    #expect(refused.status == 409, "\(refused.text)")
    let epochs = try #require(refused.json["fits"]?.array?.compactMap { $0["epochs"]?.integer }.first)
    let cut = run.replacing(#""epochs": 50"#, with: #""epochs": \#(epochs)"#)
    #expect(api.post("/v1/budgets/\(budget)/charges", "{\(cut)}").status == 201)
  }
}
