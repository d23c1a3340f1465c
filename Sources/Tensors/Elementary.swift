import Glibc

// libm by names that do not collide with methods.
func exponential(_ x: Double) -> Double { exp(x) }
func naturalLogarithm(_ x: Double) -> Double { log(x) }
func hyperbolicTangent(_ x: Float) -> Float { tanhf(x) }
