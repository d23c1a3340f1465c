import Foundation
import Planning
import PrivateTraining
import Tensors
import Testing

@Suite struct NoisyUpdateTests {
  static let rules: [UpdateRule] = [
    .sgd(), .sgd(momentum: 0.9), .sgd(momentum: 0.9, isNesterov: true), .adam(), .adamW(), .adagrad(), .rmsProp(),
  ]

  /// Runs `steps` updates of parameters drawn from a seed, by sums drawn from it too.
  struct Run {
    var count = 5000
    var trained: [Range<Int>]?
    var steps = 3
    var deviation: Double?
    var optimizer = OptimizerSpecification(learningRate: 0.25)
    /// By step.
    var averageDecays: [Double]?
    var sumScale: Float = 1
    var threads = 1
    var sums = 1

    struct Result: Equatable {
      var parameters, published: [Float]
      var memory, leftOver: [[Float]]
    }

    func result() throws -> Result {
      let update = try NoisyUpdate(
        key: knownKey(20), isNoisy: deviation != nil, optimizer: optimizer, denominator: 50,
        pool: threads > 1 ? try WorkerPool(members: threads) : nil)
      var random = TestRandom(21)
      let state = try ParameterState(
        (0..<count).map { _ in Float.random(in: -1...1, using: &random) },
        trainable: TrainableParameters(ranges: trained ?? [0..<count]), rule: optimizer.rule,
        hasAverage: averageDecays != nil)
      let buffers = (0..<sums).map { _ in MutableFloats.allocate(capacity: count) }
      defer { for buffer in buffers { buffer.deallocate() } }
      for step in 0..<steps {
        for buffer in buffers { for i in 0..<count { buffer[i] = Float.random(in: -5...5, using: &random) } }
        let constants = NoisyUpdate.Constants(
          learningRate: optimizer.learningRate / Double(step + 1), noiseStandardDeviation: deviation ?? .nan,
          averageDecay: averageDecays?[step], sumScale: sumScale)
        try update.apply(step: step, constants, sums: buffers, to: state)
      }
      return Result(
        parameters: Array(state.parameters), published: state.published, memory: state.memory.map { Array($0) },
        leftOver: buffers.map { Array($0) })
    }
  }

  /// Four steps of torch 2.15's optimizers (float64) on three parameters, from 1, −0.5 and 0.25 by the gradients below.
  @Test(arguments: [
    (OptimizerSpecification(.sgd(), learningRate: 0.125), [0.8359375, -0.03125, 0.0]),
    (
      OptimizerSpecification(.sgd(), learningRate: 0.125, weightDecay: 0.25),
      [0.7243375778198242, 0.01711416244506836, -0.014968156814575195]
    ),
    (
      OptimizerSpecification(.sgd(momentum: 0.75), learningRate: 0.125),
      [0.6748046875, 0.1708984375, -0.308349609375]
    ),
    (
      OptimizerSpecification(.sgd(momentum: 0.75), learningRate: 0.125, weightDecay: 0.25),
      [0.45807933807373047, 0.2529425621032715, -0.33751416206359863]
    ),
    (
      OptimizerSpecification(.sgd(momentum: 0.75, isNesterov: true), learningRate: 0.125, weightDecay: 0.25),
      [0.34104205295443535, 0.5531115289777517, -0.4266250105574727]
    ),
    (
      OptimizerSpecification(.adam(), learningRate: 0.125),
      [0.6881986695629272, -0.24227028646851906, -0.08393255938799181]
    ),
    (
      OptimizerSpecification(
        .adam(MomentEstimates(beta1: 0.5, beta2: 0.75, epsilon: 0.5)), learningRate: 0.125, weightDecay: 0.25),
      [0.7699955197159256, -0.3019683735011688, 0.0722792070229145]
    ),
    (
      OptimizerSpecification(
        .adamW(MomentEstimates(beta1: 0.5, beta2: 0.75, epsilon: 0.5)), learningRate: 0.125, weightDecay: 0.25),
      [0.7320569581025665, -0.27308840863404854, 0.06657081686361171]
    ),
    (
      OptimizerSpecification(.adagrad(), learningRate: 0.125),
      [0.8149835704608304, -0.3217927543276732, 0.008173879397325369]
    ),
    (
      OptimizerSpecification(.adagrad(epsilon: 0.5), learningRate: 0.125, weightDecay: 0.25),
      [0.8301736943849758, -0.3388583669138134, 0.11894506479824199]
    ),
    (
      OptimizerSpecification(.rmsProp(), learningRate: 0.125),
      [-0.8507376320892478, 1.2834440461139374, -2.1689663760493354]
    ),
    (
      OptimizerSpecification(.rmsProp(decay: 0.75, epsilon: 0.5), learningRate: 0.125, weightDecay: 0.25),
      [0.7375840606410122, -0.2195900907901987, 0.04830745572260265]
    ),
  ])
  func agreesWithTorch(optimizer: OptimizerSpecification, expected: [Double]) throws {
    let gradients: [[Float]] = [[0.5, -1.5, 0.125], [-0.25, 0.75, 2], [1, 0, -0.5], [0.0625, -3, 0.375]]
    let update = try NoisyUpdate(
      key: knownKey(1), isNoisy: false, optimizer: optimizer, denominator: 4, pool: nil)
    let state = try ParameterState(
      [1, -0.5, 0.25], trainable: TrainableParameters(ranges: [0..<3]), rule: optimizer.rule, hasAverage: false)
    for (step, gradient) in gradients.enumerated() {
      var sum = gradient.map { 4 * $0 }
      try sum.withUnsafeMutableBufferPointer {
        try update.apply(
          step: step, NoisyUpdate.Constants(learningRate: optimizer.learningRate), sums: [$0], to: state)
      }
      #expect(sum == [0, 0, 0])
    }
    for (got, expected) in zip(state.parameters, expected) {
      #expect(abs(Double(got) - expected) < 1e-6 * max(1, abs(expected)), "\(optimizer.type)")
    }
  }

  /// The whole sweep in plain float64 from the reference noise: several sums, noise or none, frozen parameters, a
  /// learning rate that changes, an average, sizes around the block size.
  @Test(arguments: [nil, 0.8, 16]) func agreesWithThePlainFormula(deviation: Double?) throws {
    for (count, trained) in [
      (1, [0..<1]), (2047, [0..<2047]), (2048, [0..<2048]), (2049, [0..<2049]),
      (5000, [3..<4, 10..<1000, 1000..<1001, 1500..<4999]),
    ] {
      var run = Run(count: count, trained: trained, deviation: deviation, sums: 3)
      run.optimizer.weightDecay = 0.125
      let decays = [0.25, 0.5, 0.75]
      run.averageDecays = decays
      run.sumScale = 4
      let got = try run.result()

      var random = TestRandom(21)
      var parameters = (0..<count).map { _ in Double(Float.random(in: -1...1, using: &random)) }
      var average = parameters
      let noise = try GaussianNoise(key: knownKey(20))
      var drawn = [Double](repeating: 0, count: GaussianNoise.blockSize)
      var sums: [[Double]] = []
      for step in 0..<3 {
        sums = (0..<3).map { _ in (0..<count).map { _ in Double(Float.random(in: -5...5, using: &random)) } }
        for (number, i) in trained.joined().enumerated() {
          if number % GaussianNoise.blockSize == 0 {
            try drawn.withUnsafeMutableBufferPointer {
              try noise.drawReference(
                step: step, block: number / GaussianNoise.blockSize, standardDeviation: deviation ?? 0, into: $0)
            }
          }
          let noisy = 4 * (sums[0][i] + sums[1][i] + sums[2][i]) + drawn[number % GaussianNoise.blockSize]
          parameters[i] -= 0.25 / Double(step + 1) * (noisy / 50 + 0.125 * parameters[i])
          average[i] = decays[step] * average[i] + (1 - decays[step]) * parameters[i]
        }
      }
      #expect(zip(got.parameters, parameters).allSatisfy { abs(Double($0) - $1) < 1e-6 }, "\(count)")
      #expect(zip(got.published, average).allSatisfy { abs(Double($0) - $1) < 1e-6 }, "\(count)")
      // Nothing is done to what is frozen, not even to its sum.
      let isTrained = Set(trained.joined())
      for (sum, left) in zip(sums, got.leftOver) {
        #expect(left.indices.allSatisfy { isTrained.contains($0) ? left[$0] == 0 : Double(left[$0]) == sum[$0] })
      }
    }
  }

  /// Bit for bit: noise is addressed by block, not by thread.
  @Test(arguments: rules) func resultDoesNotDependOnTheNumberOfThreads(rule: UpdateRule) throws {
    var run = Run(count: 60 * GaussianNoise.blockSize + 17, deviation: 1)
    run.optimizer.rule = rule
    run.averageDecays = [0.5, 0.6, 0.7]
    let alone = try run.result()
    for threads in [2, 3] {
      run.threads = threads
      #expect(try run.result() == alone)
    }
  }

  @Test func piecesCoverEveryTrainedParameterOnce() {
    let trainable = TrainableParameters(ranges: [2..<5, 5..<9, 9..<9, 12..<13, 20..<40])
    #expect(trainable.ranges == [2..<9, 12..<13, 20..<40] && trainable.count == 28)
    let places = Array(trainable.ranges.joined())
    for low in 0...28 {
      for high in low...28 {
        var seen: [Int] = []
        trainable.forEachPiece(of: low..<high) { number, place, length in
          #expect(number == low + seen.count && length > 0)
          seen += place..<place + length
        }
        #expect(seen == Array(places[low..<high]))
      }
    }
    TrainableParameters(ranges: []).forEachPiece(of: 0..<0) { _, _, _ in Issue.record("there are none") }
  }
}
