/// How one number is stored in an array file.
struct ElementType: Hashable {
  enum Kind: Hashable {
    case unsigned8, signed8, signed16, signed32, signed64, float32, float64
  }

  let kind: Kind
  let isBigEndian: Bool

  /// Bytes of one number.
  var size: Int {
    switch kind {
    case .unsigned8, .signed8: 1
    case .signed16: 2
    case .signed32, .float32: 4
    case .signed64, .float64: 8
    }
  }

  var isInteger: Bool {
    switch kind {
    case .unsigned8, .signed8, .signed16, .signed32, .signed64: true
    case .float32, .float64: false
    }
  }

  /// The number at `bytes`. Integers of up to 32 bits and floats are exact.
  @inline(__always)
  func number(at bytes: UnsafeRawPointer) -> Double {
    switch kind {
    case .float32: return Double(Float(bitPattern: load(bytes)))
    case .float64: return Double(bitPattern: load(bytes))
    default: return Double(integer(at: bytes))
    }
  }

  /// - Precondition: `isInteger`.
  @inline(__always)
  func integer(at bytes: UnsafeRawPointer) -> Int64 {
    switch kind {
    case .unsigned8: return Int64(bytes.load(as: UInt8.self))
    case .signed8: return Int64(bytes.load(as: Int8.self))
    case .signed16: return Int64(Int16(bitPattern: load(bytes)))
    case .signed32: return Int64(Int32(bitPattern: load(bytes)))
    case .signed64: return Int64(bitPattern: load(bytes))
    case .float32, .float64: preconditionFailure("not an integer type")
    }
  }

  @inline(__always)
  private func load<Bits: FixedWidthInteger>(_ bytes: UnsafeRawPointer) -> Bits {
    let bits = bytes.loadUnaligned(as: Bits.self)
    return isBigEndian ? Bits(bigEndian: bits) : Bits(littleEndian: bits)
  }
}
