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

/// The shape of one example, without the batch: `[features]` or `[channels, height, width]`.
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

  public var description: String { dimensions.map(String.init).joined(separator: "×") }
}
