import Glibc

/// Discrete Laplace noise P(k) ∝ e^{−|k|/b} on an integer query of sensitivity Δ.
///
/// With h = 1/b and ε = Δ/b the geometric sums give E_Q[rᵅ] = w·e^{(α−1)ε} + (1 − w)·e^{−αε} with
/// w = sinh(αh)/(sinh(αh) + sinh((α−1)h)); h → 0 is the Laplace mechanism. Less query is less cost: noise that is symmetric
/// and unimodal has growing hockey-stick divergences in the shift.
enum DiscreteLaplaceDivergence {
  /// Rounded up.
  static func upperBound(scale: Double, sensitivity: Double, order: Double) -> Double {
    let h = 1 / scale
    let epsilon = (sensitivity / scale).nextUp
    let step = order - 1
    guard epsilon < .infinity, h < .infinity else { return .infinity }
    if epsilon < 1e-100 { return (order * epsilon * epsilon).nextUp }  // D_α ≤ αε²/2; the formula would underflow
    let ratio = sinhRatio(order: order, h: h)
    let weight = 1 / (1 + ratio)
    if step * epsilon > 600 || order * h > 600 {
      let logSum = step * epsilon + log(weight) + log1p(ratio * exp(-(2 * order - 1) * epsilon))
      return min(epsilon, (logSum / step).raised(by: 16 * ulp * (epsilon + 2 / step)))
    }
    // w(α − 1) − (1 − w)α = ((α − 1)·sinh(αh) − α·sinh((α − 1)h))/(sinh(αh) + sinh((α − 1)h)): its terms of first order cancel.
    let (large, small) = (Self.cubicPart(order * h), Self.cubicPart(step * h))
    let sum = sinh(order * h) + sinh(step * h)
    let slope = max(0, step * large - order * small) / sum + 16 * ulp * step * large / sum
    let excess =
      weight * Stable.exponentialRemainder(step * epsilon)
      + ratio * weight * Stable.exponentialRemainder(-order * epsilon) + slope * epsilon
    return min(epsilon, log1p(excess * (1 + ulp * (128 + 16 * order * epsilon))) / step * (1 + 4 * ulp))
  }

  /// sinh((α − 1)h)/sinh(αh) = e^{−h}·(1 − e^{−2(α−1)h})/(1 − e^{−2αh}).
  private static func sinhRatio(order: Double, h: Double) -> Double {
    exp(-h) * (expm1(-2 * (order - 1) * h) / expm1(-2 * order * h))
  }

  /// sinh x − x ≥ 0.
  private static func cubicPart(_ x: Double) -> Double {
    if x > 1 { return sinh(x) - x }
    // x³/6·(1 + x²/20·(1 + x²/42·(1 + …))); the first factor left out is below 2⁻⁵³.
    let square = x * x
    var sum = 1.0
    for n in stride(from: 17.0, through: 5, by: -2) { sum = 1 + sum * square / ((n - 1) * n) }
    return sum * square * x / 6
  }
}

/// Discrete Gaussian noise P(k) ∝ e^{−k²/2σ²} on an integer query of sensitivity Δ (arXiv:2004.00010).
///
/// Completing the square, E_Q[rᵅ] = e^{α(α−1)Δ²/2σ²}·Θ((α − 1)Δ)/Θ(0) with Θ(x) = Σₖ e^{−(k−x)²/2σ²}, a function of period 1 that
/// is greatest at whole x (its Fourier coefficients are positive). So D_α ≤ αΔ²/2σ², with equality where (α − 1)Δ is whole.
enum DiscreteGaussianDivergence {
  /// Rounded up; infinite where Δ/σ is.
  static func upperBound(scale: Double, sensitivity: Double, order: Double) -> Double {
    let gaussian = GaussianDivergence.upperBound(noiseMultiplier: scale / sensitivity, order: order) * (1 + 4 * ulp)
    // Above σ = 3 the ratio is within 1e-77 of 1; far below 1 there is next to no privacy to account for.
    guard scale < 3, scale > 1e-3, gaussian < .infinity else { return gaussian }
    let x = (order - 1) * sensitivity
    let logRatio = logTheta(x - x.rounded(), scale: scale) - logTheta(0, scale: scale)
    // The rounding of x moves Θ by less than the factor e^{|error|/σ²}, as |k − x| counts up to about 1 near the largest term.
    let error = ulp * (64 + abs(logRatio) * 4 + 2 * x / (scale * scale))
    let bound = gaussian + (min(0, logRatio) + error) / (order - 1)
    return min(gaussian, bound.isNaN ? gaussian : bound * (1 + 4 * ulp))
  }

  /// log Θ(x) for |x| ≤ 1/2 and σ < 3: the terms beyond 45 are below e⁻¹⁰⁰ of the largest, that of k = 0.
  private static func logTheta(_ x: Double, scale: Double) -> Double {
    var sum = 1.0
    for index in 1...45 {
      let k = Double(index)
      sum += exp(k * (2 * x - k) / (2 * scale * scale)) + exp(k * (-2 * x - k) / (2 * scale * scale))
    }
    return log(sum) - x * x / (2 * scale * scale)
  }
}
