import Glibc

// libm by names that do not collide with methods.
func exponential(_ x: Double) -> Double { exp(x) }
func naturalLogarithm(_ x: Double) -> Double { log(x) }
func hyperbolicTangent(_ x: Float) -> Float { tanhf(x) }
func exponentialMinusOne(_ x: Double) -> Double { expm1(x) }
func logarithmOfOnePlus(_ x: Double) -> Double { log1p(x) }
func hyperbolicTangent(_ x: Double) -> Double { tanh(x) }
func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
/// Φ(x), accurate in both tails.
func normalDistribution(_ x: Double) -> Double { erfc(-x / 2.0.squareRoot()) / 2 }
