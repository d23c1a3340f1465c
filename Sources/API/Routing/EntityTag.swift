/// Entity tags (RFC 9110, section 8.8.3). A resource's tag is its version, which grows with every change; the tag of a
/// list is a digest of its text.
struct EntityTag: Equatable {
  /// With its quotation marks.
  let text: String

  /// - Parameter text: with its quotation marks.
  init(text: String) {
    self.text = text
  }

  init(version: Int64) {
    text = "\"v\(version)\""
  }

  /// FNV-1a over the bytes, in 64 bits: tells one answer from the next; nobody gains by forging one for himself.
  init(of bytes: [UInt8]) {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    text = "\"h\(String(hash, radix: 16))\""
  }

  var header: APIResponse.Header { .init("ETag", text) }

  /// Whether a list of tags, or `*`, names this one. `If-None-Match` compares weakly (section 13.1.2), so a `W/`
  /// that a proxy put in front makes no difference.
  func isNamed(in list: String) -> Bool {
    list.split(separator: ",").contains { item in
      let tag = item.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
      return tag.elementsEqual("*") || tag.elementsEqual(text) || tag.elementsEqual("W/" + text)
    }
  }

  /// The version that `If-Match` asks for; nil for `*`, any version.
  /// - Throws: 428 without the header, 412 where no version of ours is named.
  static func requiredVersion(_ request: APIRequest) throws -> Int64? {
    guard let list = request.headers["if-match"] else {
      throw Problem(
        .preconditionRequired,
        "Send If-Match with the ETag of the resource as you last read it, so that nobody's change is lost.")
    }
    let tag = String(list.filter { $0 != " " })
    if tag == "*" { return nil }
    guard tag.hasPrefix("\"v"), tag.hasSuffix("\""), let version = Int64(tag.dropFirst(2).dropLast()) else {
      throw Problem(
        .preconditionFailed, "If-Match names no version of this resource; send the one ETag that its GET gives.")
    }
    return version
  }
}
