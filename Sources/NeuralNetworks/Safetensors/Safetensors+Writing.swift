import Tensors

extension Safetensors {
  /// A tensor of float32 to write. `values` has the product of `shape` elements.
  public struct Tensor: Sendable {
    public var name: String
    public var shape: [Int]
    public var values: [Float]

    public init(name: String, shape: [Int], values: [Float]) {
      self.name = name
      self.shape = shape
      self.values = values
    }
  }

  /// The bytes of a file with these tensors, in this order. Equal arguments give equal bytes.
  ///
  /// Names must differ, none may be "__metadata__", and shapes must fit their values: anything else is a programming
  /// error.
  public static func encode(_ tensors: [Tensor], metadata: [String: String] = [:]) -> [UInt8] {
    precondition(Set(tensors.map(\.name)).count == tensors.count && !tensors.contains { $0.name == "__metadata__" })
    var fields: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(quoted($0.value))" }
      fields.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
    }
    var offset = 0
    for tensor in tensors {
      precondition(tensor.shape.reduce(1, *) == tensor.values.count)
      let end = offset + tensor.values.count * 4
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      fields.append(
        "\(quoted(tensor.name)):{\"dtype\":\"F32\",\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}")
      offset = end
    }
    var header = Array("{\(fields.joined(separator: ","))}".utf8)
    // Spaces up to a multiple of eight keep the tensors aligned for readers that map the file.
    header += [UInt8](repeating: 0x20, count: (8 - header.count % 8) % 8)

    var file = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) }
    file.reserveCapacity(8 + header.count + offset)
    file += header
    for tensor in tensors {
      for value in tensor.values { withUnsafeBytes(of: value.bitPattern.littleEndian) { file.append(contentsOf: $0) } }
    }
    return file
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case "\u{0}"..<"\u{20}":
        let code = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - code.count) + code
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

extension Network {
  /// A file with the parameters under their names; it loads into a torch state dictionary.
  /// - Parameter parameters: the whole parameter buffer.
  public func safetensors(_ parameters: [Float], metadata: [String: String] = [:]) -> [UInt8] {
    precondition(parameters.count == parameterCount)
    let tensors = self.parameters.map {
      Safetensors.Tensor(name: $0.name, shape: $0.shape.dimensions, values: Array(parameters[$0.range]))
    }
    return Safetensors.encode(tensors, metadata: metadata)
  }

  /// The parameter buffer from a file that has exactly this network's parameters, as float32.
  /// - Throws: `NetworkError.parameters` that names the tensor.
  public func parameters(from file: Safetensors) throws(NetworkError) -> [Float] {
    var values = [Float](repeating: 0, count: parameterCount)
    for slice in parameters {
      guard let entry = file.entry(named: slice.name) else { throw .parameters("“\(slice.name)” is missing") }
      guard entry.shape == slice.shape.dimensions, let tensor = file.floats(slice.name) else {
        throw .parameters("“\(slice.name)” is \(entry.type.rawValue) \(entry.shape), not F32 \(slice.shape.dimensions)")
      }
      values.replaceSubrange(slice.range, with: tensor)
    }
    if let extra = file.entries.first(where: { parameter(named: $0.name) == nil }) {
      throw .parameters("“\(extra.name)” is not a parameter of this network")
    }
    return values
  }
}
