import Foundation
import PrivateTraining

// Statistical tests here use known keys, so they give the same answer on every run. The false-alarm probability each
// one states is that of the key having been an unlucky one; five standard errors are exceeded with probability 6e-7.

let alarm = 5.0

/// A key that differs for each number.
func knownKey(_ number: Int) -> AttemptKey {
  AttemptKey(known: (0..<32).map { UInt8(truncatingIfNeeded: number &* 31 &+ $0 &* 7) })
}

/// Noise of the given blocks of one step, one after another.
func draws(
  _ noise: GaussianNoise, step: Int, blocks: Range<Int>, standardDeviation: Double = 1
) throws -> [Float] {
  var values = [Float](repeating: 0, count: blocks.count * GaussianNoise.blockSize)
  try values.withUnsafeMutableBufferPointer { values in
    for (place, block) in blocks.enumerated() {
      let part = values.extracting(place * GaussianNoise.blockSize..<(place + 1) * GaussianNoise.blockSize)
      try noise.draw(step: step, block: block, standardDeviation: standardDeviation, into: part)
    }
  }
  return values
}

/// How many standard errors the correlation of two independent standard samples lies from 0.
func correlationAlarm(_ left: [Double], _ right: [Double]) -> Double {
  let n = Double(left.count)
  let meanLeft = left.reduce(0, +) / n, meanRight = right.reduce(0, +) / n
  var product = 0.0, squareLeft = 0.0, squareRight = 0.0
  for (x, y) in zip(left, right) {
    product += (x - meanLeft) * (y - meanRight)
    squareLeft += (x - meanLeft) * (x - meanLeft)
    squareRight += (y - meanRight) * (y - meanRight)
  }
  return abs(product / (squareLeft * squareRight).squareRoot()) * n.squareRoot()
}

func normalDistribution(_ x: Double) -> Double { erfc(-x / 2.0.squareRoot()) / 2 }
