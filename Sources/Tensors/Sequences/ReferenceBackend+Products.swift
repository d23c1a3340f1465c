extension ReferenceBackend {
  public func multiply(
    _ product: StridedProduct, _ a: Floats, _ b: Floats, into c: MutableFloats, accumulating: Bool
  ) {
    product.check(a, b, c)
    for batch in 0..<product.batch {
      for i in 0..<product.m {
        for j in 0..<product.n {
          let place = batch * product.c.batch + i * product.c.row + j * product.c.column
          var sum: Float = accumulating ? c[place] : 0
          for l in 0..<product.k {
            sum +=
              a[batch * product.a.batch + i * product.a.row + l * product.a.column]
              * b[batch * product.b.batch + l * product.b.row + j * product.b.column]
          }
          c[place] = sum
        }
      }
    }
  }

  public func affine(
    rows: Int, inputs: Int, outputs: Int, _ x: Floats, weights: Floats, bias: Floats?, into y: MutableFloats
  ) {
    multiply(
      MatrixProduct(m: rows, n: outputs, k: inputs, transposeB: true), x, weights, into: y, accumulating: false)
    if let bias { addToRows(bias, rows: rows, columns: outputs, y) }
  }

  public func gramSquaredNorms(
    count: Int, positions: Int, inputs: Int, outputs: Int, _ input: Floats, _ outputGradient: Floats,
    into squaredNorms: MutableDoubles
  ) {
    for i in 0..<count {
      let u = input.slice(i * positions * inputs, positions * inputs)
      let g = outputGradient.slice(i * positions * outputs, positions * outputs)
      var sum = 0.0
      for s in 0..<positions {
        for t in 0..<positions {
          sum +=
            innerProduct(u.slice(s * inputs, inputs), u.slice(t * inputs, inputs))
            * innerProduct(g.slice(s * outputs, outputs), g.slice(t * outputs, outputs))
        }
      }
      squaredNorms[i] = sum < 0 ? 0 : sum
    }
  }

  func innerProduct(_ a: Floats, _ b: Floats) -> Double {
    a.indices.reduce(0) { $0 + Double(a[$1]) * Double(b[$1]) }
  }
}
