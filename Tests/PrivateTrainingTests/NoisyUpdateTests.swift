import Foundation
import Planning
import PrivateTraining
import Tensors
import Testing

@Suite struct NoisyUpdateTests {
  struct Result: Equatable {
    var parameters, velocity, sum: [Float]
  }

  static func run(
    count: Int, steps: Int = 2, deviation: Double?, momentum: Double, threads: Int = 1
  ) throws -> Result {
    let update = try NoisyUpdate(
      key: knownKey(20), noiseStandardDeviation: deviation, expectedBatchSize: 50,
      optimizer: OptimizerSpecification(learningRate: 0.25, momentum: momentum),
      pool: threads > 1 ? try WorkerPool(members: threads) : nil)
    var random = TestRandom(21)
    var result = Result(
      parameters: (0..<count).map { _ in Float.random(in: -1...1, using: &random) },
      velocity: [Float](repeating: 0, count: momentum > 0 ? count : 0), sum: [])
    for step in 0..<steps {
      result.sum = (0..<count).map { _ in Float.random(in: -5...5, using: &random) }
      try update.apply(step: step, sum: &result.sum, velocity: &result.velocity, parameters: &result.parameters)
    }
    return result
  }

  /// The same in plain float64 from the reference noise, for every combination of noise and momentum and for sizes
  /// around the block size.
  @Test(arguments: [nil, 0.8, 16], [0, 0.9])
  func agreesWithThePlainFormula(deviation: Double?, momentum: Double) throws {
    for count in [1, 2047, 2048, 2049, 5000] {
      let got = try Self.run(count: count, deviation: deviation, momentum: momentum)
      #expect(got.sum.allSatisfy { $0 == 0 })

      var random = TestRandom(21)
      var parameters = (0..<count).map { _ in Double(Float.random(in: -1...1, using: &random)) }
      var velocity = [Double](repeating: 0, count: count)
      let noise = try GaussianNoise(key: knownKey(20), standardDeviation: deviation ?? 0)
      var drawn = [Double](repeating: 0, count: GaussianNoise.blockSize)
      for step in 0..<2 {
        for i in 0..<count {
          if i % GaussianNoise.blockSize == 0 {
            try drawn.withUnsafeMutableBufferPointer {
              try noise.drawReference(step: step, block: i / GaussianNoise.blockSize, into: $0)
            }
          }
          let sum = Double(Float.random(in: -5...5, using: &random))
          velocity[i] = momentum * velocity[i] + (sum + drawn[i % GaussianNoise.blockSize]) / 50
          parameters[i] -= 0.25 * velocity[i]
        }
      }
      #expect(zip(got.parameters, parameters).allSatisfy { abs(Double($0) - $1) < 1e-6 })
    }
  }

  /// Bit for bit: noise is addressed by block, not by thread.
  @Test func resultDoesNotDependOnTheNumberOfThreads() throws {
    let count = 200 * GaussianNoise.blockSize + 17
    let alone = try Self.run(count: count, deviation: 1, momentum: 0.9)
    for threads in [2, 3] {
      let shared = try Self.run(count: count, deviation: 1, momentum: 0.9, threads: threads)
      #expect(shared == alone)
    }
  }
}
