import Synchronization

/// Counts since the server started, for its metrics.
public struct HTTPServerStatistics: Sendable, Equatable {
  public var openConnections = 0
  public var acceptedConnections = 0
  /// Connections turned away with 503 or closed at once because too many were open.
  public var refusedConnections = 0
  /// Requests that reached a handler.
  public var requests = 0
  /// Requests answered by the server itself: malformed, past a limit or too slow.
  public var refusedRequests = 0
  /// Times that accepting paused for lack of descriptors or memory.
  public var acceptPauses = 0
}

/// The counters behind the statistics, shared by the event loops.
final class HTTPServerCounters: Sendable {
  let openConnections = Atomic(0)
  let acceptedConnections = Atomic(0)
  let refusedConnections = Atomic(0)
  let requests = Atomic(0)
  let refusedRequests = Atomic(0)
  let acceptPauses = Atomic(0)

  var snapshot: HTTPServerStatistics {
    HTTPServerStatistics(
      openConnections: openConnections.load(ordering: .relaxed),
      acceptedConnections: acceptedConnections.load(ordering: .relaxed),
      refusedConnections: refusedConnections.load(ordering: .relaxed),
      requests: requests.load(ordering: .relaxed),
      refusedRequests: refusedRequests.load(ordering: .relaxed),
      acceptPauses: acceptPauses.load(ordering: .relaxed))
  }
}

extension Atomic<Int> {
  func increment() {
    wrappingAdd(1, ordering: .relaxed)
  }

  func decrement() {
    wrappingSubtract(1, ordering: .relaxed)
  }
}
