/// Where a value stands in a request (RFC 6901).
public struct JSONPointer: Sendable, Hashable {
  public let text: String

  public static let root = JSONPointer(text: "")

  private init(text: String) {
    self.text = text
  }

  public func member(_ name: String) -> JSONPointer {
    var escaped = ""
    // A pointer into a hostile body goes back to the client: no longer than anyone needs to find the place.
    for character in name.unicodeScalars.prefix(80) {
      switch character {
      case "~": escaped += "~0"
      case "/": escaped += "~1"
      default: escaped.unicodeScalars.append(character)
      }
    }
    return JSONPointer(text: text + "/" + escaped)
  }

  public func element(_ index: Int) -> JSONPointer {
    JSONPointer(text: text + "/" + String(index))
  }
}
