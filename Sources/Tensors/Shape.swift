/// The largest number of elements that one tensor may have: 2⁴⁰, so that a few such products added or multiplied by an
/// element size still fit in `Int`.
package let maximumElementCount = 1 << 40

/// The product of sizes from a request or a file.
/// - Throws: `TensorError.dimension` for a size below 1, `.tooLarge` above `maximumElementCount`.
package func checkedProduct(_ sizes: [Int]) throws(TensorError) -> Int {
  var product = 1
  for size in sizes {
    guard size >= 1 else { throw .dimension(size) }
    let (next, overflow) = product.multipliedReportingOverflow(by: size)
    guard !overflow, next <= maximumElementCount else { throw .tooLarge(sizes) }
    product = next
  }
  return product
}

/// The shape of one example, without the batch: a vector `[features]`, a sequence `[positions, channels]` or an image
/// `[channels, height, width]`.
///
/// Every dimension is at least 1 and the product is known to fit, so that arithmetic on a `Shape` cannot overflow.
public struct Shape: Hashable, Sendable, CustomStringConvertible {
  public let dimensions: [Int]
  /// The product of the dimensions; 1 for a scalar.
  public let count: Int

  /// - Throws: `TensorError.dimension` or `.tooLarge`.
  public init(_ dimensions: [Int]) throws(TensorError) {
    self.count = try checkedProduct(dimensions)
    self.dimensions = dimensions
  }

  /// The plane of an image shape: its channels, height and width; nil for any other rank.
  public var image: (channels: Int, height: Int, width: Int)? {
    dimensions.count == 3 ? (dimensions[0], dimensions[1], dimensions[2]) : nil
  }

  /// Positions and channels of a sequence; nil for any other rank.
  public var sequence: (positions: Int, channels: Int)? {
    dimensions.count == 2 ? (dimensions[0], dimensions[1]) : nil
  }

  /// An image, or a sequence as an image of height 1, which lies in memory just the same; nil for a vector.
  package var plane: (channels: Int, height: Int, width: Int)? {
    image ?? sequence.map { ($0.channels, 1, $0.positions) }
  }

  /// An image, or a sequence if this is one, of other sizes.
  package func replacingPlane(channels: Int, height: Int, width: Int) throws(TensorError) -> Shape {
    try Shape(image == nil ? [width, channels] : [channels, height, width])
  }

  public var description: String { dimensions.map(String.init).joined(separator: "×") }
}
