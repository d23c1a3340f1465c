import Synchronization

/// What the service counts about its own answers. Routes are counted by their template, never by the path as sent: a
/// client must not be able to grow the table.
package final class RequestMetrics: Sendable {
  private struct Series: Hashable {
    var method: String
    var route: String
    var status: Int
  }

  private struct State {
    var answered: [Series: UInt64] = [:]
    var seconds: [String: Histogram] = [:]
    var eventStreams = 0
    var refused = 0
  }

  private let state = Mutex(State())

  package init() {}

  /// - Parameter route: `"POST"` and `"/v1/epsilon"`, or `"other"` for what matches no route.
  package func answered(method: String, route: String, status: Int, seconds: Double) {
    state.withLock { state in
      state.answered[Series(method: method, route: route, status: status), default: 0] += 1
      state.seconds[route, default: Histogram()].observe(seconds)
    }
  }

  package func refusedForLoad() {
    state.withLock { $0.refused += 1 }
  }

  /// Counts one more stream of events unless `limit` are open.
  package func openEventStream(limit: Int) -> Bool {
    state.withLock { state in
      guard state.eventStreams < limit else { return false }
      state.eventStreams += 1
      return true
    }
  }

  package func closeEventStream() {
    state.withLock { $0.eventStreams -= 1 }
  }

  func write(to text: inout PrometheusText) {
    let state = state.withLock { $0 }
    text.family("epsilond_http_requests_total", .counter, "Requests answered, by route and status.")
    let series = state.answered.sorted {
      ($0.key.route, $0.key.method, $0.key.status) < ($1.key.route, $1.key.method, $1.key.status)
    }
    for (key, count) in series {
      text.sample(
        "epsilond_http_requests_total",
        [("method", key.method), ("route", key.route), ("status", String(key.status))], Double(count))
    }
    text.family("epsilond_http_request_duration_seconds", .histogram, "Time from the whole request to its answer.")
    for (route, histogram) in state.seconds.sorted(by: { $0.key < $1.key }) {
      text.histogram("epsilond_http_request_duration_seconds", [("route", route)], histogram)
    }
    text.family("epsilond_event_streams", .gauge, "Streams of job events that are open.")
    text.sample("epsilond_event_streams", [], Double(state.eventStreams))
    text.family("epsilond_requests_refused_total", .counter, "Requests refused because the queue for work was full.")
    text.sample("epsilond_requests_refused_total", [], Double(state.refused))
  }
}
