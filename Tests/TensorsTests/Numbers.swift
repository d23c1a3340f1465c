import Tensors

/// Reproducible numbers for tests: SplitMix64 (Steele, Lea and Flood 2014).
struct Numbers: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// In [−1, 1).
  mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-52 - 1 }
  mutating func floats(_ count: Int) -> [Float] { (0..<count).map { _ in Float(uniform()) } }
  mutating func pick(_ range: ClosedRange<Int>) -> Int { range.lowerBound + Int(next() % UInt64(range.count)) }

  /// Kernel up to 5, stride up to 3, any padding that is allowed, different on each side; sizes of 1 are common.
  mutating func window() -> Window {
    let kernel = (height: pick(1...5), width: pick(1...5))
    let padding = Padding(
      top: pick(0...kernel.height - 1), left: pick(0...kernel.width - 1), bottom: pick(0...kernel.height - 1),
      right: pick(0...kernel.width - 1))
    return Window(kernel: kernel, stride: (pick(1...3), pick(1...3)), padding: padding)
  }

  /// A geometry that exists, with any window.
  mutating func geometry(channels: Int) -> WindowGeometry {
    while true {
      if let geometry = try? WindowGeometry(
        channels: channels, height: pick(1...9), width: pick(1...9), window: window())
      {
        return geometry
      }
    }
  }
}
