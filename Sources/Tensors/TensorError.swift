/// Why a shape, a window or a region of memory cannot be.
public enum TensorError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A dimension below 1.
  case dimension(Int)
  /// The product of these sizes, or the bytes it needs, is beyond what one machine can address.
  case tooLarge([Int])
  /// An operation cannot take tensors of these shapes; the text says which it takes.
  case shape(String)
  /// A kernel, stride or padding that gives no output; the text names it.
  case window(String)
  /// The system refused this many bytes.
  case outOfMemory(bytes: Int)
  /// A numeric library call failed; the text names the call and its status.
  case library(String)

  public var description: String {
    switch self {
    case .dimension(let value): "a dimension must be at least 1, not \(value)"
    case .tooLarge(let sizes): "the sizes \(sizes) multiply to more than this machine can address"
    case .shape(let reason), .window(let reason): reason
    case .outOfMemory(let bytes): "cannot allocate \(bytes) bytes"
    case .library(let reason): reason
    }
  }
}
