import Ledger
import Synchronization

/// Times and ids that count up, so that a failing test can be read and repeated.
package final class CountingMoments: Sendable {
  private let last = Atomic<UInt64>(0)

  package init() {}

  package func id<Kind>() -> Identifier<Kind> { Identifier(randomBits: next()) }

  package func time(_ seconds: Int64) -> Timestamp { Timestamp(milliseconds: seconds * 1000) }

  /// A moment at so many seconds.
  package func at(seconds: Int64) -> Moment { Moment(now: time(seconds)) { self.next() } }

  private func next() -> (UInt64, UInt64) { (0, last.wrappingAdd(1, ordering: .relaxed).newValue) }
}
