/// Plain loops, straight from the definitions. Slow, and kept for ever: the documentation of `NumericBackend`, the
/// fallback, and the oracle that the fast backend is tested against.
public final class ReferenceBackend: NumericBackend {
  public init() {}

  public func multiply(
    _ product: MatrixProduct, _ a: Floats, _ b: Floats, into c: MutableFloats, accumulating: Bool
  ) {
    let (m, n, k) = (product.m, product.n, product.k)
    precondition(a.count >= m * k && b.count >= k * n && c.count >= m * n)
    for i in 0..<m {
      for j in 0..<n {
        var sum: Float = accumulating ? c[i * n + j] : 0
        for l in 0..<k {
          let left = product.transposeA ? a[l * m + i] : a[i * k + l]
          let right = product.transposeB ? b[j * k + l] : b[l * n + j]
          sum += left * right
        }
        c[i * n + j] = sum
      }
    }
  }
}

// MARK: - Activations and loss

extension ReferenceBackend {
  public func relu(_ input: Floats, output: MutableFloats) {
    precondition(output.count >= input.count)
    for i in input.indices { output[i] = max(input[i], 0) }
  }

  public func reluInputGradient(output: Floats, outputGradient: Floats, inputGradient: MutableFloats) {
    precondition(outputGradient.count >= output.count && inputGradient.count >= output.count)
    for i in output.indices { inputGradient[i] = output[i] > 0 ? outputGradient[i] : 0 }
  }

  public func tanh(_ input: Floats, output: MutableFloats) {
    precondition(output.count >= input.count)
    for i in input.indices { output[i] = hyperbolicTangent(input[i]) }
  }

  public func tanhInputGradient(output: Floats, outputGradient: Floats, inputGradient: MutableFloats) {
    precondition(outputGradient.count >= output.count && inputGradient.count >= output.count)
    for i in output.indices { inputGradient[i] = outputGradient[i] * (1 - output[i] * output[i]) }
  }

  public func dropOut(
    rate: Double, salt: UInt64, seeds: UnsafeBufferPointer<UInt64>, columns: Int, _ input: Floats, output: MutableFloats
  ) {
    let (limit, scale) = (UInt32(rate * 0x1p32), Float(1 / (1 - rate)))
    for (row, seed) in seeds.enumerated() {
      let start = splitMix(seed &+ salt &* goldenGamma)
      for column in 0..<columns {
        let word = splitMix(start &+ UInt64(column) &* goldenGamma)
        let i = row * columns + column
        output[i] = UInt32(word >> 32) >= limit ? input[i] * scale : 0
      }
    }
  }

  public func softmaxCrossEntropy(
    count: Int, classes: Int, logits: Floats, labels: Floats, losses: MutableDoubles,
    gradient: MutableFloats
  ) {
    for i in 0..<count {
      let row = logits.slice(i * classes, classes)
      let label = Int(labels[i])
      precondition(label >= 0 && label < classes)
      // Shifting by the maximum keeps every exponential in [0, 1] and one of them at 1.
      let shift = Double(row.max() ?? 0)
      let sum = row.reduce(0.0) { $0 + exponential(Double($1) - shift) }
      losses[i] = naturalLogarithm(sum) + shift - Double(row[label])
      for j in 0..<classes {
        let probability = exponential(Double(row[j]) - shift) / sum
        gradient[i * classes + j] = Float(probability - (j == label ? 1 : 0))
      }
    }
  }
}

// MARK: - Rows

extension ReferenceBackend {
  public func addToRows(_ bias: Floats, rows: Int, columns: Int, _ matrix: MutableFloats) {
    precondition(bias.count >= columns && matrix.count >= rows * columns)
    for i in 0..<rows {
      for j in 0..<columns { matrix[i * columns + j] += bias[j] }
    }
  }

  public func rowSquaredNorms(rows: Int, columns: Int, _ matrix: Floats, into squaredNorms: MutableDoubles) {
    precondition(matrix.count >= rows * columns && squaredNorms.count >= rows)
    for i in 0..<rows {
      squaredNorms[i] = matrix.slice(i * columns, columns).reduce(0.0) { $0 + Double($1) * Double($1) }
    }
  }

  public func scaleRows(rows: Int, columns: Int, _ matrix: Floats, by factors: Floats, output: MutableFloats) {
    precondition(matrix.count >= rows * columns && output.count >= rows * columns && factors.count >= rows)
    for i in 0..<rows {
      for j in 0..<columns { output[i * columns + j] = factors[i] * matrix[i * columns + j] }
    }
  }

  public func addWeightedRowSum(
    rows: Int, columns: Int, _ matrix: Floats, factors: Floats, to sum: MutableFloats
  ) {
    precondition(matrix.count >= rows * columns && sum.count >= columns && factors.count >= rows)
    for i in 0..<rows {
      for j in 0..<columns { sum[j] += factors[i] * matrix[i * columns + j] }
    }
  }

  public func addRowSum(rows: Int, columns: Int, _ matrix: Floats, to sum: MutableFloats) {
    precondition(matrix.count >= rows * columns && sum.count >= columns)
    for i in 0..<rows {
      for j in 0..<columns { sum[j] += matrix[i * columns + j] }
    }
  }

  public func add(_ part: Floats, to sum: MutableFloats) {
    precondition(sum.count >= part.count)
    for i in part.indices { sum[i] += part[i] }
  }

  public func groupRowSums(groups: Int, group: Int, columns: Int, _ matrix: Floats, output: MutableFloats) {
    precondition(matrix.count >= groups * group * columns && output.count >= groups * columns)
    for i in 0..<groups {
      for j in 0..<columns {
        output[i * columns + j] = (0..<group).reduce(0) { $0 + matrix[(i * group + $1) * columns + j] }
      }
    }
  }
}

/// 2⁶⁴ over the golden ratio, made odd.
private let goldenGamma: UInt64 = 0x9e37_79b9_7f4a_7c15

/// The output function of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014, doi:10.1145/2660193.2660195, figure 17).
private func splitMix(_ state: UInt64) -> UInt64 {
  var z = state
  z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
  z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
  return z ^ z >> 31
}
