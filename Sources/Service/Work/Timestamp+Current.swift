import Foundation
import Ledger

extension Timestamp {
  /// The machine's clock.
  static var current: Timestamp {
    Timestamp(milliseconds: Int64((Date().timeIntervalSince1970 * 1000).rounded(.down)))
  }
}
