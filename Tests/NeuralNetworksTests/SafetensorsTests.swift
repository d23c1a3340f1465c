import Foundation
import NeuralNetworks
import Tensors
import TestSupport
import Testing

@Suite struct SafetensorsTests {
  struct Hostile: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let file: [UInt8]
    let byte: Int

    /// A file with this header and `data` zero bytes behind it.
    init(_ description: String, header: String, data: Int = 0, byte: Int) {
      testDescription = description
      let text = Array(header.utf8)
      file =
        withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) } + text + [UInt8](repeating: 0, count: data)
      self.byte = byte
    }

    init(_ description: String, file: [UInt8], byte: Int) {
      testDescription = description
      self.file = file
      self.byte = byte
    }
  }

  private static let one = #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#
  private static func offsets(_ text: String) -> String {
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":\#(text)}}"#
  }
  private static func shape(_ text: String) -> String {
    #"{"a":{"dtype":"F32","shape":\#(text),"data_offsets":[0,4]}}"#
  }

  static let hostile: [Hostile] = [
    Hostile("empty", file: [], byte: 0),
    Hostile("seven bytes", file: [1, 0, 0, 0, 0, 0, 0], byte: 7),
    Hostile("length 2⁶⁴ − 1", file: [UInt8](repeating: 255, count: 64), byte: 0),
    Hostile("length over the limit", file: [1, 0, 16, 0, 0, 0, 0, 0, 123], byte: 0),
    Hostile("header cut off", file: [50, 0, 0, 0, 0, 0, 0, 0, 123, 125], byte: 10),
    Hostile("no header", file: [0, 0, 0, 0, 0, 0, 0, 0], byte: 8),
    Hostile("space first", header: " {}", byte: 8),
    Hostile("an array", header: "[]", byte: 8),
    Hostile("no end", header: "{", byte: 9),
    Hostile("text behind", header: "{}{", byte: 10),
    Hostile("comma at the end", header: one.dropLast() + ",}", data: 4, byte: 8 + one.utf8.count),
    Hostile("key twice", header: #"{"a":{"dtype":"F32","dtype":"F32"}}"#, byte: 28),
    Hostile("tensor twice", header: one.dropLast() + "," + one.dropFirst(), data: 4, byte: 8 + one.utf8.count),
    Hostile(
      "tensor twice, once escaped", header: one.dropLast() + #","\u0061":{}}"#, data: 4, byte: 8 + one.utf8.count),
    Hostile("unknown key", header: #"{"a":{"dtype":"F32","shap":[1]}}"#, byte: 28),
    Hostile("unknown dtype", header: #"{"a":{"dtype":"Q8","shape":[1],"data_offsets":[0,4]}}"#, data: 4, byte: 14),
    Hostile("no dtype", header: #"{"a":{"shape":[1],"data_offsets":[0,4]}}"#, data: 4, byte: 9),
    Hostile("one offset", header: offsets("[0]"), data: 4, byte: 9),
    Hostile("three offsets", header: offsets("[0,4,4]"), data: 4, byte: 60),
    Hostile("offsets backwards", header: offsets("[4,0]"), data: 4, byte: 9),
    Hostile("offsets outside", header: offsets("[0,5]"), data: 4, byte: 9),
    Hostile("offset huge", header: offsets("[0,99999999999999999999]"), data: 4, byte: 58),
    Hostile("offset negative", header: offsets("[-1,4]"), data: 4, byte: 56),
    Hostile("offset with fraction", header: offsets("[0,4.0]"), data: 4, byte: 59),
    Hostile("offset with exponent", header: offsets("[0,4e0]"), data: 4, byte: 59),
    Hostile("offset with leading zero", header: offsets("[0,04]"), data: 4, byte: 58),
    Hostile("offset a string", header: offsets(#"["0",4]"#), data: 4, byte: 56),
    Hostile("hole before", header: offsets("[4,8]"), data: 8, byte: 9),
    Hostile("bytes left over", header: one, data: 5, byte: 8 + one.utf8.count + 4),
    Hostile("shape too large", header: shape("[2]"), data: 4, byte: 9),
    Hostile("shape overflows", header: shape("[4611686018427387904,4,1]"), data: 4, byte: 9),
    Hostile("shape zero hides overflow", header: shape("[9223372036854775807,4,0]"), data: 4, byte: 9),
    Hostile("too many dimensions", header: shape("[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]"), data: 4, byte: 69),
    Hostile("nested shape", header: shape("[[1]]"), data: 4, byte: 37),
    Hostile("metadata not text", header: #"{"__metadata__":{"a":1}}"#, byte: 29),
    Hostile("metadata twice", header: #"{"__metadata__":{},"__metadata__":{}}"#, byte: 27),
    Hostile("unknown escape", header: #"{"\x":1}"#, byte: 10),
    Hostile("half a surrogate pair", header: #"{"\ud800":1}"#, byte: 10),
    Hostile("two high surrogates", header: #"{"\ud800\ud800":1}"#, byte: 10),
    Hostile("surrogates with a space", header: #"{"\ud83d \ude00":1}"#, byte: 10),
    Hostile("not hexadecimal", header: #"{"\u00g0":1}"#, byte: 14),
    Hostile("control character", header: "{\"a\u{1}\":1}", byte: 11),
    Hostile(
      "not UTF-8", file: [6, 0, 0, 0, 0, 0, 0, 0] + Array("{\"".utf8) + [0xC3, 0x28] + Array("\"}".utf8), byte: 10),
    Hostile(
      "overlap",
      header:
        #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}"#,
      data: 6, byte: 62),
  ]

  @Test(arguments: hostile) func refuses(_ hostile: Hostile) {
    let error = #expect(throws: SafetensorsError.self) { try Safetensors(hostile.file) }
    #expect(error?.byte == hostile.byte, "\(String(describing: error))")
  }

  /// Whatever byte is changed or cut, reading ends with a value or a typed error.
  @Test func survivesDamage() throws {
    let file = Safetensors.encode(
      [.init(name: "a", shape: [2], values: [1, 2]), .init(name: "b", shape: [], values: [3])], metadata: ["k": "v"])
    for length in file.indices {
      #expect(throws: SafetensorsError.self) { try Safetensors(Array(file[..<length])) }
    }
    var numbers = Numbers(seed: 8)
    var refused = 0
    for _ in 0..<20_000 {
      var damaged = file
      for _ in 0..<numbers.pick(1...3) { damaged[numbers.pick(0...file.count - 1)] = UInt8(numbers.pick(0...255)) }
      do { _ = try Safetensors(damaged) } catch { refused += 1 }
    }
    #expect(refused > 10_000)
  }

  @Test func roundTrip() throws {
    let tensors = [
      Safetensors.Tensor(
        name: "0.weight", shape: [2, 3], values: [1, -2, .infinity, 0.1, .leastNonzeroMagnitude, -0.0]),
      Safetensors.Tensor(name: "quote \" back \\ tab \t ü 😀", shape: [], values: [7]),
      Safetensors.Tensor(name: "empty", shape: [0, 4], values: []),
    ]
    let metadata = ["note": "line\nline", "format": "pt"]
    let bytes = Safetensors.encode(tensors, metadata: metadata)
    #expect(bytes == Safetensors.encode(tensors, metadata: metadata))
    let headerLength = bytes[0..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
    #expect(headerLength % 8 == 0)
    let file = try Safetensors(bytes)
    #expect(file.metadata == metadata)
    #expect(file.entries.map(\.name).sorted() == tensors.map(\.name).sorted())
    for tensor in tensors {
      #expect(file.entry(named: tensor.name)?.shape == tensor.shape)
      #expect(file.floats(tensor.name)?.map(\.bitPattern) == tensor.values.map(\.bitPattern))
      #expect(file.doubles(tensor.name) == nil)
    }
  }

  @Test func otherTypes() throws {
    let header =
      #"{"d":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},"i":{"dtype":"I64","shape":[1],"data_offsets":[8,16]}}"#
    var bytes = Hostile("", header: header, data: 16, byte: 0).file
    bytes.replaceSubrange(
      bytes.count - 16..<bytes.count - 8, with: withUnsafeBytes(of: (-2.5).bitPattern) { Array($0) })
    bytes.replaceSubrange(bytes.count - 8..<bytes.count, with: withUnsafeBytes(of: Int64(-3)) { Array($0) })
    let file = try Safetensors(bytes)
    #expect(file.doubles("d") == [-2.5] && file.integers("i") == [-3])
    #expect(file.floats("d") == nil && file.integers("d") == nil && file.doubles("x") == nil)
  }

  @Test func networkParameters() throws {
    let network = try Network(inputShape: Shape([1, 28, 28]), layers: tutorialLayers())
    var numbers = Numbers(seed: 1)
    let parameters = network.initialParameters(using: &numbers)
    let file = try Safetensors(network.safetensors(parameters, metadata: ["step": "3"]))
    #expect(try network.parameters(from: file) == parameters)
    #expect(file.entries.map(\.name) == network.parameters.map(\.name))

    let other = try Network(inputShape: Shape([1, 28, 28]), layers: tutorialLayers(hidden: 31))
    #expect(throws: NetworkError.self) { try other.parameters(from: file) }
    var nodes = network.nodes
    nodes[9].name = "x"
    let renamed = try Network(inputShape: network.inputShape, nodes: nodes)
    #expect(throws: NetworkError.parameters("“x.weight” is missing")) { try renamed.parameters(from: file) }
    let larger = try Safetensors(
      Safetensors.encode(
        network.parameters.map {
          Safetensors.Tensor(name: $0.name, shape: $0.shape.dimensions, values: Array(parameters[$0.range]))
        } + [Safetensors.Tensor(name: "more", shape: [1], values: [0])]))
    #expect(throws: NetworkError.parameters("“more” is not a parameter of this network")) {
      try network.parameters(from: larger)
    }
  }

  @Test func files() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: folder) } }
    let path = folder.appendingPathComponent("model.safetensors").path
    for value: Float in [1, 2] {
      let bytes = Safetensors.encode([.init(name: "a", shape: [1], values: [value])])
      try Safetensors.write(bytes, toPath: path)
      #expect(try Safetensors(path: path).floats("a") == [value])
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["model.safetensors"])
    }
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    #expect(throws: FileError.self) { try Safetensors(path: path, byteLimit: 10) }
    #expect(throws: FileError.self) { try Safetensors(path: path + ".missing") }
    #expect(throws: FileError.self) { try Safetensors.write([1], toPath: folder.path + "/none/x") }
  }
}
