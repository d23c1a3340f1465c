// MARK: - Functions of each element, and their derivatives, straight from the definitions

extension ReferenceBackend {
  public func apply(_ function: ElementFunction, _ input: Floats, output: MutableFloats) {
    precondition(output.count >= input.count)
    for i in input.indices {
      let x = Double(input[i])
      let y =
        switch function {
        case .sigmoid: sigmoid(x)
        case .silu: x == -.infinity ? 0 : x * sigmoid(x)
        case .elu: x > 0 ? x : exponentialMinusOne(x)
        case .gelu: x == -.infinity ? 0 : x * normalDistribution(x)
        case .geluTanh: x == -.infinity ? 0 : x * sigmoid(2 * Self.innerGelu(x))
        }
      output[i] = Float(y)
    }
  }

  public func inputGradient(
    _ function: ElementFunction, value: Floats, outputGradient: Floats, inputGradient: MutableFloats
  ) {
    precondition(outputGradient.count >= value.count && inputGradient.count >= value.count)
    for i in value.indices {
      let v = Double(value[i])
      // At ±100 the derivatives are 1 and 0 to the last bit.
      let x = v.isNaN ? v : min(max(v, -100), 100)
      let slope =
        switch function {
        case .sigmoid: v * (1 - v)
        case .silu: sigmoid(x) * (1 + x * (1 - sigmoid(x)))
        case .elu: v > 0 ? 1 : v + 1
        case .gelu: normalDistribution(x) + x * exponential(-x * x / 2) * 0.398_942_280_401_432_7
        case .geluTanh: Self.geluTanhSlope(x)
        }
      inputGradient[i] = Float(Double(outputGradient[i]) * slope)
    }
  }

  private static func geluTanhSlope(_ x: Double) -> Double {
    let s = sigmoid(2 * innerGelu(x))
    let innerSlope = 0.797_884_560_802_865_4 * (1 + 3 * 0.044715 * x * x)
    return s + x * s * (1 - s) * 2 * innerSlope
  }

  /// √(2/π) (x + 0.044715 x³).
  private static func innerGelu(_ x: Double) -> Double { 0.797_884_560_802_865_4 * (x + 0.044715 * x * x * x) }
}

// MARK: - Losses

extension ReferenceBackend {
  public func tokenCrossEntropy(
    count: Int, positions: Int, classes: Int, outputs: Floats, targets: Floats, losses: MutableDoubles,
    gradient: MutableFloats
  ) {
    for i in 0..<count {
      let ids = targets.slice(i * positions, positions).map { $0 >= 0 && $0 < Float(classes) ? Int($0) : -1 }
      let counted = Double(ids.count { $0 >= 0 })
      losses[i] = 0
      for (t, id) in ids.enumerated() {
        let row = outputs.slice((i * positions + t) * classes, classes)
        let place = gradient.slice((i * positions + t) * classes, classes)
        guard id >= 0 else {
          place.update(repeating: 0)
          continue
        }
        // Shifting by the maximum keeps every exponential in [0, 1] and one of them at 1.
        let shift = row.reduce(-Double.infinity) { Double($1) > $0 ? Double($1) : $0 }
        let sum = row.reduce(0.0) { $0 + exponential(Double($1) - shift) }
        losses[i] += (naturalLogarithm(sum) + shift - Double(row[id])) / counted
        for j in 0..<classes {
          let probability = exponential(Double(row[j]) - shift) / sum
          place[j] = Float((probability - (j == id ? 1 : 0)) / counted)
        }
      }
    }
  }

  public func binaryCrossEntropy(
    count: Int, width: Int, outputs: Floats, targets: Floats, losses: MutableDoubles, gradient: MutableFloats
  ) {
    for i in 0..<count {
      losses[i] = 0
      for j in i * width..<(i + 1) * width {
        let (x, y) = (Double(outputs[j]), Double(targets[j]))
        // −log σ(x) = log(1 + exp(−x)).
        losses[i] += (max(x, 0) - x * y + logarithmOfOnePlus(exponential(-abs(x)))) / Double(width)
        gradient[j] = Float((sigmoid(x) - y) / Double(width))
      }
    }
  }

  public func meanSquaredError(
    count: Int, width: Int, outputs: Floats, targets: Floats, losses: MutableDoubles, gradient: MutableFloats
  ) {
    for i in 0..<count {
      losses[i] = 0
      for j in i * width..<(i + 1) * width {
        let difference = Double(outputs[j]) - Double(targets[j])
        losses[i] += difference * difference / Double(width)
        gradient[j] = Float(2 * difference / Double(width))
      }
    }
  }
}
