/// How a plain text becomes examples for a model that predicts each byte from those before it.
///
/// An example's features are `length` bytes as ids (`Tokenizer.bytes`) and its targets the ids one place on; −1 where
/// there is none.
public struct TextLayout: Hashable, Sendable, Codable {
  public enum Unit: String, Hashable, Sendable, Codable, CaseIterable {
    /// Every `length` bytes of the text, whatever is in them. Bytes that do not fill a last example are left out.
    case windows
    /// Every line that is not empty, cut or padded to `length`.
    case lines
  }

  public var unit: Unit
  /// Bytes of one example.
  public var length: Int
  public var tokenizer: Tokenizer { .bytes }

  public init(unit: Unit = .windows, length: Int) {
    self.unit = unit
    self.length = length
  }
}

/// Reads examples from a plain text, one at a time.
struct TextReader: ExampleReader {
  private let stream: ByteStream
  private let layout: TextLayout
  /// In `windows` the byte after the last window, which begins the next.
  private var carried: UInt8?
  private var isAtEnd = false

  var shape: [Int] { [layout.length] }
  var targetCount: Int { layout.length }

  init(_ stream: ByteStream, layout: TextLayout) throws {
    try TokenLayout(tokenizer: layout.tokenizer, length: layout.length).check(file: stream.file)
    self.stream = stream
    self.layout = layout
  }

  /// Appends the next example's features and targets; false at the end of the file.
  mutating func next(features: inout [Float], targets: inout [Float]) throws -> Bool {
    switch layout.unit {
    case .windows: try nextWindow(&features, &targets)
    case .lines: try nextLine(&features, &targets)
    }
  }

  private mutating func nextWindow(_ features: inout [Float], _ targets: inout [Float]) throws -> Bool {
    var window: [UInt8] = []
    if let carried { window.append(carried) }
    while window.count <= layout.length, let byte = try stream.readByte() { window.append(byte) }
    guard window.count == layout.length + 1, let last = window.last else { return false }
    carried = last
    append(window, &features, &targets)
    return true
  }

  private mutating func nextLine(_ features: inout [Float], _ targets: inout [Float]) throws -> Bool {
    while !isAtEnd {
      var line: [UInt8] = []
      while true {
        guard let byte = try stream.readByte() else {
          isAtEnd = true
          break
        }
        if byte == UInt8(ascii: "\n") { break }
        // What is beyond an example's length is read and not kept.
        if line.count <= layout.length { line.append(byte) }
      }
      if line.last == UInt8(ascii: "\r") { line.removeLast() }
      guard line.count >= 2 else { continue }
      append(line, &features, &targets)
      return true
    }
    return false
  }

  private func append(_ bytes: [UInt8], _ features: inout [Float], _ targets: inout [Float]) {
    let used = min(bytes.count - 1, layout.length)
    layout.tokenizer.append(bytes.prefix(used), length: layout.length, to: &features)
    for byte in bytes[1...used] { targets.append(Float(byte) + 1) }
    for _ in used..<layout.length { targets.append(-1) }
  }
}
