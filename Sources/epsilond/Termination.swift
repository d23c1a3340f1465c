import Dispatch
import Glibc

/// SIGTERM and SIGINT as a value to wait for. Made once, early: from then on the signals no longer kill the process.
final class Termination: Sendable {
  private let signals: AsyncStream<Int32>
  /// Sources deliver only while somebody holds them. Nothing else is done with them.
  nonisolated(unsafe) private let sources: [any DispatchSourceSignal]

  init() {
    let (signals, continuation) = AsyncStream<Int32>.makeStream()
    self.signals = signals
    sources = [SIGTERM, SIGINT].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { continuation.yield(number) }
      source.resume()
      return source
    }
    // A client that hangs up must not end the process.
    signal(SIGPIPE, SIG_IGN)
  }

  /// Returns when the first of the signals has come.
  func wait() async {
    for await _ in signals { return }
  }
}
