import API
import Datasets
import Ledger
import LedgerTesting
import Synchronization
import Testing

/// The API over a store in memory, driven without sockets.
struct TestAPI {
  let router: APIRouter
  let store: any Store
  let failures = Failures()

  /// What was reported as a failure of the service. Empty after every test that does not break something on purpose.
  final class Failures: Sendable {
    private let texts = Mutex<[String]>([])
    var all: [String] { texts.withLock { $0 } }
    func add(_ text: String) { texts.withLock { $0.append(text) } }
  }

  init(store: any Store = MemoryStore(), dataFolders: [String] = []) throws {
    self.store = store
    let failures = failures
    // Ids and times count up, so that a failing test can be run again with the same ones.
    let clock = Mutex<Int64>(1_760_000_000_000)
    let bits = Mutex(SplitMix64(seed: 1))
    let shared = Shared(clock: clock, bits: bits)
    let context = APIContext(
      store: store, now: { shared.now() }, randomBits: { shared.randomBits() },
      dataFolders: try DataFolders(dataFolders), artifactFolder: "/nowhere/artifacts", version: "0.0.0-test",
      reportFailure: { error, request in failures.add("\(request.method) \(request.path): \(error)") })
    router = APIRouter(context: context)
  }

  private final class Shared: Sendable {
    private let clock: Mutex<Int64>
    private let bits: Mutex<SplitMix64>

    init(clock: consuming Mutex<Int64>, bits: consuming Mutex<SplitMix64>) {
      self.clock = clock
      self.bits = bits
    }

    func now() -> Timestamp {
      clock.withLock { time in
        time += 1_000
        return Timestamp(milliseconds: time)
      }
    }

    func randomBits() -> (UInt64, UInt64) { bits.withLock { ($0.next(), $0.next()) } }
  }

  func send(
    _ method: String, _ path: String, _ body: String? = nil, headers: [String: String] = [:], caller: String = "tests"
  ) -> Answer {
    var headers = headers
    if body != nil, headers["content-type"] == nil { headers["content-type"] = "application/json" }
    let parts = path.split(separator: "?", maxSplits: 1)
    let request = APIRequest(
      method: method, path: String(parts[0]), query: parts.count > 1 ? String(parts[1]) : "", headers: headers,
      body: Array((body ?? "").utf8), caller: caller)
    return Answer(router.handle(request))
  }

  func post(_ path: String, _ body: String, headers: [String: String] = [:]) -> Answer {
    send("POST", path, body, headers: headers)
  }

  func get(_ path: String, headers: [String: String] = [:]) -> Answer { send("GET", path, headers: headers) }
}

/// An answer with its JSON read.
struct Answer {
  let response: APIResponse
  let json: JSONValue

  init(_ response: APIResponse) {
    self.response = response
    guard case .bytes(let bytes) = response.body, !bytes.isEmpty else {
      json = .null
      return
    }
    do {
      json = try JSONScanner.scan(bytes).value
    } catch {
      Issue.record("an answer is not strict JSON: \(error)")
      json = .null
    }
  }

  var status: Int { response.status }
  var text: String { String(decoding: json.bytes, as: UTF8.self) }
  var code: String? { json["code"]?.string }
  var pointers: [String] { (json["errors"]?.array ?? []).compactMap { $0["pointer"]?.string } }

  /// A member of the answer as a number; `null` is infinite, as the contract says of an ε.
  func number(_ name: String) -> Double? { json[name]?.double }
}

extension JSONValue {
  var string: String? {
    if case .string(let string) = self { return string }
    return nil
  }

  var array: [JSONValue]? {
    if case .array(let array) = self { return array }
    return nil
  }

  var double: Double? {
    switch self {
    case .number(let number): number
    case .integer(let integer): Double(integer)
    default: nil
    }
  }

  var integer: Int? {
    if case .integer(let integer) = self { return integer }
    return nil
  }

  /// The value at a path of member names and indices: `data.0.id`.
  func at(_ path: String) -> JSONValue? {
    path.split(separator: ".").reduce(Optional(self)) { value, step in
      guard let index = Int(step) else { return value?[String(step)] }
      return value?.array.flatMap { $0.indices.contains(index) ? $0[index] : nil }
    }
  }
}
