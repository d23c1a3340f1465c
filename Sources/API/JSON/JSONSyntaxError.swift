/// Why a text is not JSON that the service accepts, and where.
public struct JSONSyntaxError: Error, Sendable, Equatable {
  public let reason: String
  /// Both count from 1; the column counts characters (Unicode scalars), not bytes.
  public let line: Int
  public let column: Int
  /// The value that was being read, as a JSON pointer.
  public let pointer: String

  init(_ reason: String, at offset: Int, of bytes: [UInt8], pointer: String) {
    let before = bytes.prefix(offset)
    let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
    self.reason = reason
    self.pointer = pointer
    line = before.count { $0 == 0x0A } + 1
    // Continuation bytes of UTF-8 (0b10xxxxxx) belong to the character before them.
    column = before[lineStart...].count { $0 & 0xC0 != 0x80 } + 1
  }
}
