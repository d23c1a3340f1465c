/// What an array file says of itself before its numbers begin.
struct ArrayHeader: Hashable {
  let element: ElementType
  /// Outermost first, each ≥ 0.
  let dimensions: [Int]

  /// Numbers in the array.
  let count: Int
  /// Bytes of the numbers.
  let byteCount: Int

  /// An array's dimensions are at most this many.
  static let rankLimit = 4

  /// - Throws: `malformed` where the size does not fit 63 bits; `offset` is the byte of the dimensions.
  init(element: ElementType, dimensions: [Int], file: String, offset: Int) throws {
    var count = 1
    var overflows = false
    for dimension in dimensions {
      let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
      overflows = overflows || overflow
      count = product
    }
    let (byteCount, overflow) = count.multipliedReportingOverflow(by: element.size)
    guard !overflows, !overflow else {
      throw DatasetError(
        .malformed, file: file, at: .byte(offset), "Dimensions \(dimensions) are more than 63 bits can count.")
    }
    self.element = element
    self.dimensions = dimensions
    self.count = count
    self.byteCount = byteCount
  }

  /// The shape of one example, in an array of examples.
  var exampleShape: [Int] {
    dimensions.count == 1 ? [1] : Array(dimensions.dropFirst())
  }
}
