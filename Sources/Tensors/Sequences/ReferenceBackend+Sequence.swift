// MARK: - Normalization

extension ReferenceBackend {
  /// The elements of each set that has statistics of its own, as places in an example.
  private func sets(_ normalization: Normalization) -> [[Int]] {
    let (rows, columns) = (normalization.rows, normalization.columns)
    switch normalization.kind {
    case .layer, .rootMeanSquare: return (0..<rows).map { row in (0..<columns).map { row * columns + $0 } }
    case .group(let groups):
      let width = columns / groups
      return (0..<groups).map { group in
        (0..<rows).flatMap { row in (0..<width).map { row * columns + group * width + $0 } }
      }
    }
  }

  public func normalize(
    _ normalization: Normalization, count: Int, input: Floats, weight: Floats, bias: Floats?, output: MutableFloats,
    statistics: MutableFloats, scratch: MutableFloats
  ) {
    for i in 0..<count {
      let x = input.slice(i * normalization.count, normalization.count)
      let y = output.slice(i * normalization.count, normalization.count)
      for (s, set) in sets(normalization).enumerated() {
        let size = Double(set.count)
        let mean = normalization.hasBias ? set.reduce(0.0) { $0 + Double(x[$1]) } / size : 0
        let variance = set.reduce(0.0) { $0 + (Double(x[$1]) - mean) * (Double(x[$1]) - mean) } / size
        let inverse = 1 / (variance + normalization.epsilon).squareRoot()
        statistics[i * normalization.statisticsCount + 2 * s] = Float(mean)
        statistics[i * normalization.statisticsCount + 2 * s + 1] = Float(inverse)
        for place in set {
          let column = place % normalization.columns
          y[place] = Float((Double(x[place]) - mean) * inverse) * weight[column] + (bias?[column] ?? 0)
        }
      }
    }
  }

  /// With g = weight · dy and means over a set: dx = (g − mean(g) − ŷ · mean(g ŷ)) · inverse; RMS norm has no mean(g).
  public func normalizationGradients(
    _ normalization: Normalization, count: Int, input: Floats, weight: Floats, statistics: Floats,
    outputGradient: Floats, inputGradient: MutableFloats?, parameterGradients: MutableFloats, scratch: MutableFloats
  ) {
    let columns = normalization.columns
    parameterGradients.slice(0, count * normalization.parameterCount).update(repeating: 0)
    for i in 0..<count {
      let start = i * normalization.count
      let ofParameters = parameterGradients.slice(i * normalization.parameterCount, normalization.parameterCount)
      for (s, set) in sets(normalization).enumerated() {
        let mean = Double(statistics[i * normalization.statisticsCount + 2 * s])
        let inverse = Double(statistics[i * normalization.statisticsCount + 2 * s + 1])
        var (sum, product) = (0.0, 0.0)
        for place in set {
          let dy = Double(outputGradient[start + place])
          let normal = (Double(input[start + place]) - mean) * inverse
          ofParameters[place % columns] += Float(dy * normal)
          if normalization.hasBias { ofParameters[columns + place % columns] += Float(dy) }
          sum += Double(weight[place % columns]) * dy
          product += Double(weight[place % columns]) * dy * normal
        }
        guard let inputGradient else { continue }
        let shift = normalization.hasBias ? sum / Double(set.count) : 0
        for place in set {
          let normal = (Double(input[start + place]) - mean) * inverse
          let g = Double(weight[place % columns]) * Double(outputGradient[start + place])
          inputGradient[start + place] = Float((g - shift - normal * product / Double(set.count)) * inverse)
        }
      }
    }
  }
}

// MARK: - Embedding

extension ReferenceBackend {
  private func row(_ token: Float, _ vocabulary: Int) -> Int? {
    token >= 0 && token < Float(vocabulary) ? Int(token) : nil
  }

  public func embed(
    count: Int, vocabulary: Int, dimension: Int, tokens: Floats, table: Floats, output: MutableFloats
  ) {
    for i in 0..<count {
      let row = row(tokens[i], vocabulary)
      for j in 0..<dimension { output[i * dimension + j] = row.map { table[$0 * dimension + j] } ?? 0 }
    }
  }

  public func addEmbeddingGradientSum(
    count: Int, positions: Int, vocabulary: Int, dimension: Int, padding: Int?, tokens: Floats,
    outputGradient: Floats, factors: Floats?, to table: MutableFloats
  ) {
    for i in 0..<count * positions {
      guard let row = row(tokens[i], vocabulary), row != padding else { continue }
      let factor = factors?[i / positions] ?? 1
      for j in 0..<dimension { table[row * dimension + j] += factor * outputGradient[i * dimension + j] }
    }
  }

  public func embeddingScratchCount(positions: Int, dimension: Int) throws(TensorError) -> Int { 0 }

  public func embeddingSquaredNorms(
    count: Int, positions: Int, vocabulary: Int, dimension: Int, padding: Int?, tokens: Floats,
    outputGradient: Floats, scratch: MutableFloats, into squaredNorms: MutableDoubles
  ) {
    for i in 0..<count {
      var rows: [Int: [Double]] = [:]
      for t in i * positions..<(i + 1) * positions {
        guard let row = row(tokens[t], vocabulary), row != padding else { continue }
        let gradient = outputGradient.slice(t * dimension, dimension)
        rows[row] = zip(rows[row] ?? Array(repeating: 0, count: dimension), gradient).map { $0 + Double($1) }
      }
      squaredNorms[i] = rows.sorted { $0.key < $1.key }.reduce(0) { $1.value.reduce($0) { $0 + $1 * $1 } }
    }
  }

  public func embedMeans(
    _ geometry: MeanEmbeddingGeometry, count: Int, tokens: Floats, table: Floats, output: MutableFloats
  ) {
    for i in 0..<count {
      for j in 0..<geometry.dimension {
        let sum = tokens.slice(i * geometry.positions, geometry.positions).reduce(0.0) {
          $0 + (row($1, geometry.vocabulary).map { Double(table[$0 * geometry.dimension + j]) } ?? 0)
        }
        output[i * geometry.dimension + j] = Float(sum / Double(geometry.positions))
      }
    }
  }

  public func addMeanEmbeddingGradientSum(
    _ geometry: MeanEmbeddingGeometry, count: Int, tokens: Floats, outputGradient: Floats, factors: Floats?,
    to table: MutableFloats
  ) {
    let dimension = geometry.dimension
    for i in 0..<count * geometry.positions {
      guard let row = row(tokens[i], geometry.vocabulary), row != geometry.padding else { continue }
      let example = i / geometry.positions
      let factor = (factors?[example] ?? 1) / Float(geometry.positions)
      for j in 0..<dimension { table[row * dimension + j] += factor * outputGradient[example * dimension + j] }
    }
  }

  public func meanEmbeddingScratchCount(_ geometry: MeanEmbeddingGeometry) -> Int { 0 }

  public func meanEmbeddingSquaredNorms(
    _ geometry: MeanEmbeddingGeometry, count: Int, tokens: Floats, outputGradient: Floats, scratch: MutableFloats,
    into squaredNorms: MutableDoubles
  ) {
    let (positions, dimension) = (geometry.positions, geometry.dimension)
    for i in 0..<count {
      // Every position has the gradient of the mean over their number.
      let gradient = outputGradient.slice(i * dimension, dimension).map { $0 / Float(positions) }
      let repeated = (0..<positions).flatMap { _ in gradient }
      repeated.withUnsafeBufferPointer {
        embeddingSquaredNorms(
          count: 1, positions: positions, vocabulary: geometry.vocabulary, dimension: dimension,
          padding: geometry.padding, tokens: tokens.slice(i * positions, positions), outputGradient: $0,
          scratch: scratch, into: squaredNorms.slice(i, 1))
      }
    }
  }

  public func tiedInnerProduct(
    _ geometry: TiedGeometry, tokens: Floats, input: Floats, outputGradient: Floats, embeddingGradient: Floats
  ) -> Double {
    geometry.check(tokens, input, outputGradient, embeddingGradient)
    let (vocabulary, dimension) = (geometry.vocabulary, geometry.dimension)
    var sum = 0.0
    for t in 0..<geometry.positions {
      guard let row = row(tokens[t], vocabulary), row != geometry.padding else { continue }
      for s in 0..<geometry.headPositions {
        sum +=
          Double(outputGradient[s * vocabulary + row])
          * innerProduct(input.slice(s * dimension, dimension), embeddingGradient.slice(t * dimension, dimension))
      }
    }
    return sum
  }
}

// MARK: - Attention

extension ReferenceBackend {
  public func attentionSoftmax(matrices: Int, size: Int, scale: Float, isCausal: Bool, _ scores: MutableFloats) {
    for row in 0..<matrices * size {
      let scores = scores.slice(row * size, size)
      let columns = isCausal ? row % size + 1 : size
      let shift = scores.prefix(columns).reduce(-Double.infinity) { max($0, Double($1)) }
      let exponentials = scores.prefix(columns).map { exponential(Double(scale) * (Double($0) - shift)) }
      let sum = exponentials.reduce(0, +)
      for j in 0..<size { scores[j] = j < columns ? Float(exponentials[j] / sum) : 0 }
    }
  }

  public func attentionSoftmaxGradient(
    matrices: Int, size: Int, scale: Float, isCausal: Bool, probabilities: Floats, _ gradient: MutableFloats
  ) {
    for row in 0..<matrices * size {
      let (p, gradient) = (probabilities.slice(row * size, size), gradient.slice(row * size, size))
      let columns = isCausal ? row % size + 1 : size
      let mean = (0..<columns).reduce(0.0) { $0 + Double(p[$1]) * Double(gradient[$1]) }
      for j in 0..<size {
        gradient[j] = j < columns ? Float(Double(scale) * Double(p[j]) * (Double(gradient[j]) - mean)) : 0
      }
    }
  }
}
