import API
import Ledger

/// The text of one message of an event stream (HTML Living Standard, section 9.2.6).
package enum ServerSentEvent {
  static let contentType = "text/event-stream"

  /// How long a client waits before it connects again.
  static let preamble = "retry: 2000\n\n"

  /// A line that clients ignore; it keeps the connection from looking dead.
  static let heartbeat = ": still here\n\n"

  package static func text(_ event: JobEvent) -> String {
    var text = "id: \(event.sequence)\nevent: \(oneLine(event.kind))\n"
    let head: JSONValue = [
      "sequence": .integer(Int(event.sequence)), "time": .string(event.time.description), "kind": .string(event.kind),
    ]
    // `data` is JSON already. A line break can stand in JSON only between tokens, so a space means the same, and a break
    // here would end the message.
    let members = String(decoding: head.bytes.dropLast(), as: UTF8.self)
    text += "data: \(members),\"data\":\(oneLine(event.data))}\n\n"
    return text
  }

  private static func oneLine(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { $0 == "\n" || $0 == "\r" ? " " : $0 }))
  }
}
