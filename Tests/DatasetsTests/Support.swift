import Datasets
import Foundation

/// A folder of data that is deleted with the value.
final class Folder {
  let url: URL
  let loader: DatasetLoader

  init(memoryLimit: Int = 1_000_000) throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent("datasets-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    loader = DatasetLoader(folders: try DataFolders([url.path]), memoryLimit: memoryLimit)
  }

  deinit {
    do { try FileManager.default.removeItem(at: url) } catch { print("left behind: \(url.path)") }
  }

  func write(_ name: String, _ bytes: [UInt8]) throws {
    try Data(bytes).write(to: url.appendingPathComponent(name))
  }
}

// MARK: Files

func bigEndian(_ value: Int) -> [UInt8] {
  [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
}

func idx(type: UInt8 = 0x08, dimensions: [Int], _ data: [UInt8]) -> [UInt8] {
  [0, 0, type, UInt8(dimensions.count)] + dimensions.flatMap(bigEndian) + data
}

/// A `.npy` file as NumPy writes it.
func npy(_ descr: String, shape: String, _ data: [UInt8], version: UInt8 = 1, fortran: String = "False") -> [UInt8] {
  npy(header: "{'descr': '\(descr)', 'fortran_order': \(fortran), 'shape': \(shape), }", data, version: version)
}

func npy(header: String, _ data: [UInt8], version: UInt8 = 1) -> [UInt8] {
  let lengthSize = version == 1 ? 2 : 4
  var text = Array(header.utf8)
  while (8 + lengthSize + text.count + 1) % 64 != 0 { text.append(0x20) }
  text.append(0x0A)
  let length = (0..<lengthSize).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) }
  return [0x93] + Array("NUMPY".utf8) + [version, 0] + length + text + data
}

func littleEndian<Number>(_ values: [Number]) -> [UInt8] {
  values.flatMap { value in withUnsafeBytes(of: value) { Array($0) } }
}

/// One gzip member of stored blocks (RFC 1951 §3.2.4), at most `blockSize` bytes each.
func gzip(_ bytes: [UInt8], blockSize: Int = 7) -> [UInt8] {
  var member: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
  var position = 0
  repeat {
    let count = min(blockSize, bytes.count - position)
    let isLast = position + count == bytes.count
    let low = UInt8(count & 0xFF)
    let high = UInt8(count >> 8)
    member += [isLast ? 1 : 0, low, high, ~low, ~high] + bytes[position..<position + count]
    position += count
  } while position < bytes.count
  return member + littleEndian([crc32(bytes), UInt32(bytes.count)])
}

/// The CRC of RFC 1952 §8, a bit at a time.
func crc32(_ bytes: [UInt8]) -> UInt32 {
  ~bytes.reduce(~0) { crc, byte in
    (0..<8).reduce(crc ^ UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
  }
}

// MARK: Sources

func arrays(_ format: DatasetFormat, classes: Int = 3, scale: Double = 1) -> DatasetSource {
  DatasetSource(format: format, features: "x", labels: "y", classCount: classes, scale: scale)
}

func table(
  header: Bool = true, label: LabelColumn = .name("label"), classes: Int = 2, names: [String]? = nil,
  ranges: [FeatureRange]? = nil
) -> DatasetSource {
  DatasetSource(
    format: .csv, features: "t", labels: nil, classCount: classes,
    table: TableLayout(hasHeader: header, label: label, classNames: names, ranges: ranges))
}

/// What loading throws; nil where it succeeds. Anything but a `DatasetError` is passed on.
func failure(_ body: () throws -> some Any) throws -> DatasetError? {
  do {
    _ = try body()
    return nil
  } catch let error as DatasetError {
    return error
  }
}
