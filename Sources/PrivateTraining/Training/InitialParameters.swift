import NeuralNetworks

/// Parameters to begin with, drawn from no data.
///
/// Glorot's uniform distribution, as in the TensorFlow tutorial whose network is a preset. The distribution is public and
/// its draws need not stay secret, so one word of the attempt's key material seeds a plain generator.
func initialParameters(of network: Network, key: AttemptKey) throws(RandomnessError) -> [Float] {
  let seed = try Keystream(key: key).word(at: .init(.initialization, step: 0, block: 0))
  var generator = SplitMix(state: seed)
  return network.initialParameters(.glorotUniform, using: &generator)
}

/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014, doi:10.1145/2660193.2660195, figure 17). For initial weights only.
private struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }
}
