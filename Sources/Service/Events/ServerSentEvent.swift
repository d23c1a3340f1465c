import API
import Ledger

/// The text of one message of an event stream (HTML Living Standard, section 9.2.6).
package enum ServerSentEvent {
  static let contentType = "text/event-stream"

  /// How long a client waits before it connects again.
  static let preamble = "retry: 2000\n\n"

  /// A line that clients ignore; it keeps the connection from looking dead.
  static let heartbeat = ": still here\n\n"

  /// - Throws: where the event in the store cannot be read.
  package static func text(_ event: JobEvent) throws -> String {
    // A line break would end the message; JSON that the service writes has none, and a kind is a word of ours.
    let kind = String(event.kind.prefix { !$0.isNewline })
    let data = String(decoding: try event.json().bytes, as: UTF8.self)
    return "id: \(event.sequence)\nevent: \(kind)\ndata: \(data)\n\n"
  }
}
