import COpenSSL

extension DatasetLoader {
  /// SHA-256 over the digests of the contents of the dataset's files, decompressed: the snapshot that a registration
  /// means. Files that were edited since are other data, whose people no budget was set up for.
  ///
  /// - Returns: 32 bytes.
  /// - Throws: `DatasetError` for a file that is missing or whose compression is damaged.
  public func digest(_ source: DatasetSource) throws -> [UInt8] {
    guard let stream = openssl_sha256_stream_create() else { throw Self.digestFailure(source) }
    defer { openssl_sha256_stream_free(stream) }
    for file in source.files {
      let content = try contentDigest(of: file, source)
      guard openssl_sha256_stream_update(stream, content, content.count) else { throw Self.digestFailure(source) }
    }
    var digest = [UInt8](repeating: 0, count: Int(openssl_sha256_size))
    guard openssl_sha256_stream_finish(stream, &digest) else { throw Self.digestFailure(source) }
    return digest
  }

  /// The digest of one file's content; of fixed length, so that a list of them is the content of one list of files only.
  private func contentDigest(of file: String, _ source: DatasetSource) throws -> [UInt8] {
    guard let stream = openssl_sha256_stream_create() else { throw Self.digestFailure(source) }
    defer { openssl_sha256_stream_free(stream) }
    let bytes = try open(file)
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let count = try buffer.withUnsafeMutableBytes { try bytes.read(into: $0) }
      guard count > 0 else { break }
      guard openssl_sha256_stream_update(stream, buffer, count) else { throw Self.digestFailure(source) }
    }
    var digest = [UInt8](repeating: 0, count: Int(openssl_sha256_size))
    guard openssl_sha256_stream_finish(stream, &digest) else { throw Self.digestFailure(source) }
    return digest
  }

  private static func digestFailure(_ source: DatasetSource) -> DatasetError {
    DatasetError(.tooLarge, file: source.features, "There is no memory left to compute its digest.")
  }
}
