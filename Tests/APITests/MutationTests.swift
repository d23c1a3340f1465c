import API
import Testing

/// Random damage to good requests: whatever comes of it, the answer is strict JSON, never a 500, and nothing crashes.
@Suite struct MutationTests {
  private static let seeds: [(path: String, body: String)] = [
    (
      "/v1/epsilon",
      #"{"noise_multiplier": 1.1, "batch_size": 256, "dataset_size": 60000, "epochs": 2.5, "delta": 1e-5, "orders": [2, 3.5], "trajectory": 3}"#
    ),
    (
      "/v1/epsilon",
      #"{"event": {"type": "composed", "events": [{"type": "self_composed", "count": 14, "event": {"type": "poisson_sampled", "sampling_probability": 0.1, "event": {"type": "gaussian", "noise_multiplier": 1}}}, {"type": "randomized_response", "noise_parameter": 0.5, "num_buckets": 4}]}, "delta": 1e-6}"#
    ),
    (
      "/v1/solve",
      #"{"solve_for": "steps", "noise_multiplier": 4, "sample_rate": 0.5, "target_epsilon": 3, "delta": 1e-5}"#
    ),
    (
      "/v1/statement",
      #"{"dataset_size": 600, "batch_size": 32, "noise_multiplier": 3, "epochs": 1, "delta": 1e-5, "used_microbatching": false, "max_examples_per_user": 2}"#
    ),
    (
      "/v1/budgets",
      #"{"name": "b", "dataset": "d", "epsilon": 3, "delta": 1e-5, "adjacency": "zero_out", "unit": "user", "parent": "bud_a"}"#
    ),
    (
      "/v1/jobs?dry_run=true",
      #"{"name": "t", "budget": "bud_a", "dataset": "d", "model": {"layers": [{"type": "conv2d", "filters": 16, "kernel_size": [8, 8], "strides": 2}, {"type": "dense", "units": 10}]}, "training": {"batch_size": 25, "epochs": 5, "optimizer": {"type": "sgd", "learning_rate": 0.25}}, "privacy": {"noise_multiplier": 0.8, "delta": 1e-5}}"#
    ),
  ]

  private static let pieces = [
    "1e999", "-1", "null", "{}", "[]", "\"", "\\u0000", "NaN", "0", "1e308", "5e-324", "9223372036854775807",
    "\u{1F600}", ",", ":", "}", "]", "\"type\"", "1.0000000000000002", "-0.0", "true", "999999999999",
  ]

  @Test(arguments: seeds.indices) func neverFails(index: Int) throws {
    let api = try TestAPI()
    let (path, body) = Self.seeds[index]
    var generator = SplitMix64(seed: UInt64(index) + 100)
    let parts = path.split(separator: "?")
    for round in 0..<400 {
      var bytes = Array(body.utf8)
      for _ in 0..<Int.random(in: 1...3, using: &generator) { Self.mutate(&bytes, &generator) }
      let request = APIRequest(
        method: "POST", path: String(parts[0]), query: parts.count > 1 ? String(parts[1]) : "",
        headers: ["content-type": "application/json"], body: bytes)
      let answer = Answer(api.router.handle(request))
      #expect([200, 201, 400, 409, 422].contains(answer.status), "round \(round): \(answer.text)")
      #expect(api.failures.all.isEmpty, "round \(round)")
    }
  }

  private static func mutate(_ bytes: inout [UInt8], _ generator: inout SplitMix64) {
    let place = Int.random(in: 0...bytes.count, using: &generator)
    switch Int.random(in: 0..<5, using: &generator) {
    case 0 where place < bytes.count: bytes[place] = UInt8.random(in: 0...255, using: &generator)
    case 1 where place < bytes.count: bytes.remove(at: place)
    case 2: bytes.insert(contentsOf: pieces[Int.random(in: 0..<pieces.count, using: &generator)].utf8, at: place)
    case 3:
      // A whole number or word becomes another.
      let ends = bytes[place...].firstIndex { !isWord($0) } ?? bytes.count
      bytes.replaceSubrange(place..<ends, with: pieces[Int.random(in: 0..<pieces.count, using: &generator)].utf8)
    default: bytes.removeSubrange(min(place, bytes.count)..<min(place + 5, bytes.count))
    }
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") || (byte >= 0x30 && byte <= 0x39)
      || byte >= 0x41 && byte <= 0x7A
  }
}
