/// The writing end of a streamed answer; see `HTTPResponse.Body.stream`.
public struct HTTPBodyWriter: Sendable {
  /// The client closed the connection, or did not read within the write deadline, or the server has shut down.
  public struct Disconnected: Error {}

  let sink: @Sendable ([UInt8]) async -> Bool

  /// Sends `bytes` now. Returns once the connection has room for more, so that a slow client slows the writer down and
  /// memory stays bounded. An empty array sends nothing.
  ///
  /// - Throws: `Disconnected`.
  public func write(_ bytes: [UInt8]) async throws(Disconnected) {
    guard await sink(bytes) else { throw Disconnected() }
  }

  /// Sends the UTF-8 bytes of `text`; see `write(_:)` for bytes.
  public func write(_ text: String) async throws(Disconnected) {
    try await write(Array(text.utf8))
  }
}
