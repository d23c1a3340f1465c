import Foundation

/// Random numbers that are the same in every run (SplitMix64), so that a failure can be repeated.
struct Reproducible: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  /// Log-uniform in the range.
  mutating func logUniform(_ range: ClosedRange<Double>) -> Double {
    let exponent = Double.random(in: log2(range.lowerBound)...log2(range.upperBound), using: &self)
    return min(max(exp2(exponent), range.lowerBound), range.upperBound)
  }

  /// A DP-SGD run as people have them.
  mutating func run() -> (samplingProbability: Double, noiseMultiplier: Double, steps: Int, delta: Double) {
    (logUniform(1e-6...0.5), logUniform(0.3...20), Int(logUniform(1...1e6)), logUniform(1e-12...1e-2))
  }
}
