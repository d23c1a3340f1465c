/// Several matrix products at once: Cᵢ [m, n] = Aᵢ [m, k] · Bᵢ [k, n] for i in 0..<batch, each matrix lying in its buffer
/// with any strides. Heads of attention, which are interleaved in memory, are multiplied where they lie.
public struct StridedProduct: Hashable, Sendable {
  /// Distances in floats between neighbouring matrices, rows and columns.
  public struct Strides: Hashable, Sendable {
    public var batch, row, column: Int

    public init(batch: Int, row: Int, column: Int = 1) { (self.batch, self.row, self.column) = (batch, row, column) }

    /// The same matrix with rows and columns exchanged.
    public var transposed: Strides { Strides(batch: batch, row: column, column: row) }

    /// Floats from the first element to the last, of `batch` matrices of such a size.
    func extent(_ batch: Int, _ rows: Int, _ columns: Int) -> Int {
      (batch - 1) * self.batch + (rows - 1) * row + (columns - 1) * column + 1
    }
  }

  public var batch, m, n, k: Int
  public var a, b, c: Strides

  public init(batch: Int = 1, m: Int, n: Int, k: Int, a: Strides, b: Strides, c: Strides) {
    (self.batch, self.m, self.n, self.k) = (batch, m, n, k)
    (self.a, self.b, self.c) = (a, b, c)
  }

  func check(_ a: Floats, _ b: Floats, _ c: MutableFloats) {
    precondition(min(batch, m, n, k) >= 1)
    precondition(a.count >= self.a.extent(batch, m, k) && b.count >= self.b.extent(batch, k, n))
    precondition(c.count >= self.c.extent(batch, m, n))
  }
}
