import Synchronization

/// Names for requests, to find one answer's line in the log: `X-Request-Id`. Unique within a run and hardly ever the same in
/// another; no secret.
final class RequestNumbers: Sendable {
  private let run = String(UInt32.random(in: .min ... .max), radix: 36)
  private let count = Atomic<UInt64>(0)

  func next() -> String {
    let (number, _) = count.wrappingAdd(1, ordering: .relaxed)
    return run + "-" + String(number, radix: 36)
  }
}
