import API
import HTTPServer
import Ledger

/// A job's events as they happen: `GET /v1/jobs/{id}/events` with `Accept: text/event-stream`.
///
/// Workers are other processes, so the store is where events show: each stream asks it again and again, on the threads for
/// store work, and sends what is new. It ends when the job has ended and everything was sent.
struct EventStream: Sendable {
  let store: any Store
  let work: WorkQueue
  let metrics: RequestMetrics
  let limit: Int
  let pollInterval: Duration
  let heartbeatInterval: Duration

  private static let batch = 200

  static func isWanted(by request: HTTPRequest) -> Bool {
    request.headers.tokens("Accept").contains { $0.lowercased().hasPrefix(ServerSentEvent.contentType) }
  }

  /// Reads the store: call it on a thread that may wait.
  ///
  /// - Returns: the stream; or 204 where the client has seen all there will ever be, which tells a browser not to connect
  ///   again.
  /// - Throws: a `Problem` for a job that is not there, a bad `Last-Event-ID`, or one stream too many.
  func response(to request: APIRequest, job name: String) throws -> HTTPResponse {
    let notFound = Problem(.notFound, "There is no job \(name.prefix(80)).")
    guard let job = JobID(name) else { throw notFound }
    let after = try Self.lastEventID(request)
    let first: News
    do {
      first = try next(of: job, after: after)
    } catch LedgerError.notFound {
      throw notFound
    }
    if first.isEnded && first.events.isEmpty { return HTTPResponse(status: 204) }
    let headers: HTTPHeaders = [
      "Content-Type": ServerSentEvent.contentType, "Cache-Control": "no-store", "X-Accel-Buffering": "no",
    ]
    guard request.method == "GET" else { return HTTPResponse(status: 200, headers: headers) }
    guard let place = Place(metrics: metrics, limit: limit) else { return .tooManyStreams }
    return HTTPResponse(
      status: 200, headers: headers,
      body: .stream { writer in
        try await send(job, after: after, to: writer)
        withExtendedLifetime(place) {}
      })
  }

  private static func lastEventID(_ request: APIRequest) throws -> Int64 {
    guard let text = request.headers["last-event-id"] else { return 0 }
    guard let sequence = Int64(text), sequence >= 0 else {
      throw Problem(
        .invalidParameter, "Last-Event-ID must be the id of an event of this job.",
        errors: [.init(pointer: "Last-Event-ID", detail: "must be a whole number, 0 or more")])
    }
    return sequence
  }

  private struct News: Sendable {
    var events: [JobEvent]
    /// Whether nothing can follow them.
    var isEnded: Bool
  }

  private func next(of job: JobID, after sequence: Int64) throws -> News {
    try store.read { transaction in
      let state = try LedgerReader(transaction).job(job).state
      let events = try transaction.events(of: job, Page(limit: Self.batch, after: sequence))
      return News(events: events, isEnded: state.isEnded && events.count < Self.batch)
    }
  }

  private func send(_ job: JobID, after start: Int64, to writer: HTTPBodyWriter) async throws {
    var sequence = start
    var lastWrite = ContinuousClock.now
    try await writer.write(ServerSentEvent.preamble)
    while !Task.isCancelled {
      let news = try await poll(job, after: sequence)
      if let news, let last = news.events.last {
        try await writer.write(news.events.map { try ServerSentEvent.text($0) }.joined())
        sequence = last.sequence
        lastWrite = .now
      } else if ContinuousClock.now - lastWrite >= heartbeatInterval {
        try await writer.write(ServerSentEvent.heartbeat)
        lastWrite = .now
      }
      if news?.isEnded == true { return }
      if news?.events.count == Self.batch { continue }
      await pause()
    }
  }

  /// What is new, read on a thread that may wait; nil where the queue is full: those who wait in it wait for longer than
  /// this stream would, so it skips a turn.
  private func poll(_ job: JobID, after sequence: Int64) async throws -> News? {
    let result: Result<News, any Error>
    do {
      result = try await work.perform { Result { try next(of: job, after: sequence) } }
    } catch {
      return nil
    }
    return try result.get()
  }

  /// Sleeps; a cancelled stream wakes up at once and sees that it is cancelled.
  private func pause() async {
    do {
      try await Task.sleep(for: pollInterval)
    } catch {
      return
    }
  }

  /// One of the streams that may be open at once; given back when the last reference goes, whether or not the stream
  /// ever ran.
  private final class Place: Sendable {
    private let metrics: RequestMetrics

    init?(metrics: RequestMetrics, limit: Int) {
      guard metrics.openEventStream(limit: limit) else { return nil }
      self.metrics = metrics
    }

    deinit {
      metrics.closeEventStream()
    }
  }
}

extension HTTPResponse {
  fileprivate static let tooManyStreams: HTTPResponse = .busy(
    "As many event streams are open as the service keeps; poll the list of events, or try again later.",
    retryAfterSeconds: 10)
}
