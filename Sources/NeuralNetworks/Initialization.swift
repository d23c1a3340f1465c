import Glibc
import Tensors

/// How parameters begin. Initial weights are drawn from no data, so they are not private and their generator need not be
/// secure.
public enum Initialization: String, Hashable, Sendable, CaseIterable {
  /// Torch's default for Linear and Conv2d: weights and biases uniform within ±1/√fanIn.
  case torch
  /// Keras' default: weights uniform within ±√(6/(fanIn + fanOut)) (Glorot and Bengio 2010, eq. 16), biases 0.
  case glorotUniform = "glorot_uniform"
}

/// The distribution of one parameter's initial values.
package enum InitialValues: Hashable, Sendable {
  case constant(Float)
  /// Within ±bound; 0 in the range `zeroes` of the parameter.
  case uniform(bound: Float, zeroes: Range<Int>? = nil)
  case normal(standardDeviation: Float, zeroes: Range<Int>? = nil)
}

extension Network {
  /// Parameters in the layout of `parameters`, drawn in that order with one 64-bit word for each value that is not a
  /// constant; the same words give the same values.
  public func initialParameters(
    _ initialization: Initialization = .torch, using generator: inout some RandomNumberGenerator
  ) -> [Float] {
    var values = [Float](repeating: 0, count: parameterCount)
    for layer in layers {
      guard let layer = layer as? any ParameterizedLayer, !(layer is any TiedLayer) else { continue }
      for (index, parameter) in layer.parameters.enumerated() {
        let start = parameter.offset
        switch layer.initialValues(of: index, initialization) {
        case .constant(let value): for i in parameter.range { values[i] = value }
        case .uniform(let bound, let zeroes):
          for i in parameter.range where !(zeroes?.contains(i - start) ?? false) {
            values[i] = bound * symmetricUniform(&generator)
          }
        case .normal(let standardDeviation, let zeroes):
          for i in parameter.range where !(zeroes?.contains(i - start) ?? false) {
            values[i] = standardDeviation * standardNormal(&generator)
          }
        }
      }
    }
    return values
  }
}

/// Uniform on an even grid of 2²³ values strictly inside (−1, 1), symmetric about 0; every step is exact in float32.
private func symmetricUniform(_ generator: inout some RandomNumberGenerator) -> Float {
  let cell = Int32(truncatingIfNeeded: generator.next() >> 41)  // 23 bits.
  return Float(2 * cell + 1 - (1 << 23)) / Float(1 << 23)
}

/// By the cosine half of Box and Muller's transform, 32 bits of the word for the radius and 32 for the angle.
private func standardNormal(_ generator: inout some RandomNumberGenerator) -> Float {
  let word = generator.next()
  let radius = (Double(word >> 32) + 0.5) * 0x1p-32
  let angle = Double(word & 0xffff_ffff) * 0x1p-32
  return Float((-2 * log(radius)).squareRoot() * cos(2 * .pi * angle))
}
