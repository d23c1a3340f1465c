import API
import ArgumentParser

/// Tasks a, c, d, e and f by Rényi divergence: ε of one run, σ for a target, many unlike events, checkpoints of a run, a
/// grid. Each is asked as a request body, so the time holds reading, computing and writing the answer, but no socket.
struct BenchAccounting: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "accounting", abstract: "Milliseconds for the usual questions to the accountant.")

  private struct Task {
    let name: String
    let path: String
    let body: JSONValue
    let answer: String
  }

  func run() throws {
    let router = APIRouter(context: try ProcessContext.calculators())
    for task in Self.tasks {
      let request = APIRequest(method: "POST", path: task.path, body: task.body.bytes)
      let response = router.handle(request)
      guard response.status == 200 else { return try Output.print(response) }
      let timings = Timings { _ = router.handle(request) }
      let line: JSONValue = [
        "task": .string(task.name), "path": .string(task.path), "ms": .number(timings.median * 1e3),
        "min_ms": .number(timings.least * 1e3), "runs": .integer(timings.seconds.count),
      ]
      print(String(decoding: line.bytes, as: UTF8.self))
    }
  }

  private static let sampleRate = 256.0 / 60_000
  private static let steps = 14_063

  private static let tasks: [Task] = [
    Task(
      name: "a_rdp", path: "/v1/epsilon",
      body: [
        "sample_rate": .number(sampleRate), "noise_multiplier": 1.1, "steps": .integer(steps), "delta": 1e-5,
        "accountant": "rdp",
      ], answer: "epsilon"),
    Task(
      name: "c_rdp", path: "/v1/noise-multiplier",
      body: [
        "sample_rate": .number(sampleRate), "steps": .integer(steps), "delta": 1e-5, "target_epsilon": 3,
        "accountant": "rdp",
      ], answer: "noise_multiplier"),
    Task(
      name: "d_rdp", path: "/v1/epsilon",
      body: [
        "event": ["type": "composed", "events": .array((0..<1_000).map(unlikeEvent))], "delta": 1e-5,
        "accountant": "rdp",
      ], answer: "epsilon"),
    Task(
      name: "e_rdp", path: "/v1/epsilon",
      body: [
        "sample_rate": .number(sampleRate), "noise_multiplier": 1.1, "steps": .integer(steps), "delta": 1e-5,
        "accountant": "rdp", "trajectory": 1_000,
      ], answer: "epsilon"),
    Task(
      name: "f_rdp", path: "/v1/frontier",
      body: [
        "noise_multiplier": .array((0..<50).map { .number(0.6 + Double($0) * 0.05) }),
        "epochs": .array((1...50).map { .integer($0 * 2) }), "batch_size": [256], "dataset_size": 60_000,
        "delta": [1e-5], "accountant": "rdp",
      ], answer: "epsilon"),
  ]

  private static func unlikeEvent(_ index: Int) -> JSONValue {
    let fraction = Double(index) / 1_000
    return [
      "type": "poisson_sampled", "sampling_probability": .number(0.001 + 0.01 * fraction),
      "event": ["type": "gaussian", "noise_multiplier": .number(0.8 + fraction)],
    ]
  }
}
