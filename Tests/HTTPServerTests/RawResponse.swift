/// An answer as a client reads it from the bytes of a connection.
struct RawResponse: Equatable {
  struct Malformed: Error {
    let bytes: String

    init(_ bytes: some Sequence<UInt8>) {
      self.bytes = String(decoding: Array(bytes.prefix(200)), as: UTF8.self)
    }
  }

  var status = 0
  /// Lower-case names.
  var fields: [String: String] = [:]
  var body: [UInt8] = []

  var text: String { String(decoding: body, as: UTF8.self) }

  /// Splits everything a server sent into answers. `heads` are the indices of those that answer HEAD and so have no
  /// body.
  static func all(in bytes: [UInt8], heads: Set<Int> = []) throws -> [RawResponse] {
    var responses: [RawResponse] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      responses.append(try take(from: &rest, isHead: heads.contains(responses.count)))
    }
    return responses
  }

  private static func take(from rest: inout ArraySlice<UInt8>, isHead: Bool) throws -> RawResponse {
    var response = RawResponse()
    let statusLine = try takeLine(from: &rest)
    guard statusLine.hasPrefix("HTTP/1.1 "), let status = Int(statusLine.dropFirst(9).prefix(3)) else {
      throw Malformed(statusLine.utf8)
    }
    response.status = status
    while case let line = try takeLine(from: &rest), !line.isEmpty {
      let parts = line.split(separator: ":", maxSplits: 1)
      response.fields[parts[0].lowercased()] = String(parts[1].drop { $0 == " " })
    }
    if isHead || status == 304 || status == 204 || status < 200 { return response }
    if response.fields["transfer-encoding"] == "chunked" {
      while case let size = Int(try takeLine(from: &rest), radix: 16) ?? -1, size != 0 {
        try take(size, from: &rest, into: &response.body)
        guard try takeLine(from: &rest).isEmpty else { throw Malformed("chunk end".utf8) }
      }
      guard try takeLine(from: &rest).isEmpty else { throw Malformed("last chunk".utf8) }
    } else if let length = response.fields["content-length"] {
      try take(Int(length) ?? -1, from: &rest, into: &response.body)
    } else {
      try take(rest.count, from: &rest, into: &response.body)
    }
    return response
  }

  private static func take(_ count: Int, from rest: inout ArraySlice<UInt8>, into body: inout [UInt8]) throws {
    guard count >= 0, count <= rest.count else { throw Malformed(rest) }
    body += rest.prefix(count)
    rest = rest.dropFirst(count)
  }

  private static func takeLine(from rest: inout ArraySlice<UInt8>) throws -> String {
    guard let end = rest.firstIndex(of: 0x0A), end > rest.startIndex, rest[end - 1] == 0x0D else {
      throw Malformed(rest)
    }
    defer { rest = rest[(end + 1)...] }
    return String(decoding: rest[..<(end - 1)], as: UTF8.self)
  }
}
