import NeuralNetworks
import Tensors
import TestSupport
import Testing

@Suite struct NetworkTests {
  @Test func tutorialNetwork() throws {
    let network = try Network(inputShape: Shape([1, 28, 28]), layers: tutorialLayers())
    #expect(
      network.parameters.map(\.name) == [
        "0.weight", "0.bias", "3.weight", "3.bias", "7.weight", "7.bias", "9.weight", "9.bias",
      ])
    #expect(
      network.parameters.map(\.shape.dimensions) == [
        [16, 1, 8, 8], [16], [32, 16, 4, 4], [32], [32, 512], [32], [10, 32], [10],
      ])
    #expect(network.parameterCount == 26_010)
    #expect(network.classCount == 10)
    var end = 0
    for parameter in network.parameters {
      #expect(parameter.offset == end)
      end = parameter.range.upperBound
    }
    #expect(end == network.parameterCount)
  }

  struct Mistake: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let shape: [Int]
    let layers: [LayerConfiguration]
    /// The index that the error names; nil for an error of the whole.
    let layer: Int?
  }

  static let mistakes = [
    Mistake(testDescription: "nothing", shape: [3], layers: [], layer: nil),
    Mistake(testDescription: "ends in an image", shape: [1, 3, 3], layers: [.relu], layer: nil),
    Mistake(
      testDescription: "dense on an image", shape: [1, 3, 3], layers: [.relu, .dense(outputs: 2)], layer: 1),
    Mistake(
      testDescription: "convolution on a vector", shape: [9],
      layers: [.convolution(filters: 2, window: Window(kernel: 1, stride: 1))], layer: 0),
    Mistake(
      testDescription: "pool on a vector", shape: [9], layers: [.maxPool(Window(kernel: 1, stride: 1))], layer: 0),
    Mistake(
      testDescription: "kernel too large", shape: [1, 3, 3],
      layers: [.tanh, .convolution(filters: 2, window: Window(kernel: 4, stride: 1))], layer: 1),
    Mistake(testDescription: "no outputs", shape: [3], layers: [.dense(outputs: 0)], layer: 0),
    Mistake(testDescription: "too many outputs", shape: [3], layers: [.dense(outputs: .max)], layer: 0),
    Mistake(
      testDescription: "max pool over the index' range", shape: [1, 300, 300],
      layers: [.maxPool(Window(kernel: 300, stride: 1))], layer: 0),
  ]

  @Test(arguments: mistakes) func refuses(_ mistake: Mistake) throws {
    let shape = try Shape(mistake.shape)
    let error = #expect(throws: NetworkError.self) { try Network(inputShape: shape, layers: mistake.layers) }
    if let layer = mistake.layer {
      guard case .layer(layer, _, _) = error else {
        Issue.record("\(String(describing: error)) does not name layer \(layer)")
        return
      }
    }
  }

  @Test func refusesGraphs() throws {
    let shape = try Shape([3])
    func error(_ nodes: [LayerNode]) -> NetworkError? {
      #expect(throws: NetworkError.self) { try Network(inputShape: shape, nodes: nodes) }
    }
    #expect(
      error([
        LayerNode(name: "a", .dense(outputs: 2), inputs: [-1]), LayerNode(name: "a", .dense(outputs: 2), inputs: [0]),
      ])
        == .duplicateName("a"))
    let unused = [
      LayerNode(name: "a", .dense(outputs: 2), inputs: [-1]), LayerNode(name: "b", .dense(outputs: 2), inputs: [-1]),
    ]
    #expect(error(unused) == .layer(index: 0, name: "a", reason: "nothing reads its output"))
    for inputs in [[0], [1], [-2], [], [-1, -1]] {
      guard case .layer(0, "a", _) = error([LayerNode(name: "a", .dense(outputs: 2), inputs: inputs)]) else {
        Issue.record("inputs \(inputs)")
        return
      }
    }
  }

  @Test func initialization() throws {
    let network = try Network(inputShape: Shape([1, 28, 28]), layers: tutorialLayers())
    for initialization in Initialization.allCases {
      var (one, two, three) = (Numbers(seed: 1), Numbers(seed: 1), Numbers(seed: 2))
      let values = network.initialParameters(initialization, using: &one)
      #expect(values == network.initialParameters(initialization, using: &two))
      #expect(values != network.initialParameters(initialization, using: &three))
      // 3.weight: fan-in 16·4·4 = 256, fan-out 32·4·4 = 512.
      let weight = values[try #require(network.parameter(named: "3.weight")).range]
      let bound: Float = initialization == .torch ? 1 / 16 : (6 / Float(768)).squareRoot()
      let largest = try #require(weight.map(abs).max())
      #expect(largest < bound && largest > 0.99 * bound)
      // The mean of 8192 uniforms has deviation bound/√(3·8192); 6 deviations: false alarm 2e-9.
      let mean = weight.reduce(0, +) / Float(weight.count)
      #expect(abs(mean) < 6 * bound / Float(3 * 8192).squareRoot())
      let bias = values[try #require(network.parameter(named: "3.bias")).range]
      #expect(bias.allSatisfy { initialization == .torch ? abs($0) < bound && $0 != 0 : $0 == 0 })
    }
  }

  @Test func momentum() {
    var numbers = Numbers(seed: 4)
    let optimizer = MomentumSGD(learningRate: 0.25, momentum: 0.5)
    var parameters = numbers.floats(37)
    var velocity = numbers.floats(37)
    var (expectedParameters, expectedVelocity) = (parameters, velocity)
    for _ in 0..<3 {
      let gradient = numbers.floats(37)
      optimizer.update(parameters: &parameters, gradient: gradient, scale: 0.125, velocity: &velocity)
      for i in gradient.indices {
        expectedVelocity[i] = 0.5 * expectedVelocity[i] + 0.125 * gradient[i]
        expectedParameters[i] -= 0.25 * expectedVelocity[i]
      }
    }
    #expect(relativeError(parameters, expectedParameters.map { Double($0) }) < 1e-6)
    #expect(relativeError(velocity, expectedVelocity.map { Double($0) }) < 1e-6)
  }
}

@Suite struct EngineTests {
  private func tutorial() throws -> Network {
    try Network(inputShape: Shape([1, 28, 28]), layers: tutorialLayers())
  }

  @Test func choosesByMemory() throws {
    let network = try tutorial()
    func methods(_ limit: Int, timesMethods: Bool) throws -> [BookKeeping] {
      let configuration = EngineConfiguration(
        batchSize: 64, timesMethods: timesMethods, keptGradientByteLimit: limit)
      return try GradientEngine(network: network, configuration: configuration).plan.compactMap(\.bookKeeping)
    }
    #expect(try methods(256 << 20, timesMethods: false)[..<2] == [.keep, .keep])
    for timesMethods in [false, true] {
      // Room for a block of the first convolution's, 32·4 KiB, and its scratch only; and for nothing.
      #expect(try methods(150 << 10, timesMethods: timesMethods)[1] != .keep)
      #expect(!(try methods(0, timesMethods: timesMethods).contains(.keep)))
    }

    // Few positions and many channels, as at the end of a deep network: the Gram matrices are small.
    let deep = try Network(
      inputShape: Shape([64, 2, 2]),
      layers: [
        .convolution(filters: 64, window: Window(kernel: 3, stride: 1, padding: .all(1))), .flatten,
        .dense(outputs: 2),
      ])
    let engine = try GradientEngine(
      network: deep, configuration: EngineConfiguration(batchSize: 2, timesMethods: false, keptGradientByteLimit: 0))
    #expect(try #require(engine.methods["0"]) == .shiftedGhost)
  }

  /// An engine with another's methods computes what that one did, to the bit.
  @Test func methodsCanBeGivenBack() throws {
    let network = try tutorial()
    let first = try GradientEngine(
      network: network, configuration: EngineConfiguration(batchSize: 4, timesMethods: true))
    #expect(Set(first.methods.keys) == ["0", "3", "7", "9"])
    let second = try GradientEngine(
      network: network, configuration: EngineConfiguration(batchSize: 4, bookKeeping: first.methods))
    #expect(second.plan == first.plan)
    var numbers = Numbers(seed: 3)
    let parameters = network.initialParameters(using: &numbers)
    let examples = numbers.floats(4 * 784)
    var sums: [[Float]] = []
    for engine in [first, second] {
      try engine.load(examples, [1, 2, 3, 4])
      sums.append(try engine.gradientSum(parameters, FlatClipping(clippingNorm: 0.1)))
    }
    #expect(sums[0] == sums[1])
  }

  @Test func dropout() throws {
    let network = try Network(inputShape: Shape([2000]), layers: [.dropout(rate: 0.25)])
    let engine = try GradientEngine(network: network, configuration: EngineConfiguration(batchSize: 2, mode: .batch))
    let ones = [Float](repeating: 1, count: 2000)
    for row in 0..<2 { try engine.load(ones, 0, row: row) }
    try engine.evaluate(parameters: [])
    #expect(engine.outputs.allSatisfy { $0 == 1 })
  }

  @Test func reportsMemoryAndPlan() throws {
    let engine = try GradientEngine(
      network: tutorial(), configuration: EngineConfiguration(batchSize: 8, bookKeeping: ["0": .keep, "3": .keep]))
    #expect(engine.plan.count == 10)
    #expect(engine.plan[0].description == "convolution 1×28×28 → 16×14×14, kernel 8×8/2,2: keep, 4160 bytes an example")
    #expect(engine.plan[1].description == "relu")
    // The kept gradients of both convolutions, at least.
    #expect(engine.memory.bookKeeping >= 8 * 4 * (1040 + 8224))
    #expect(engine.memory.total == engine.memory.parameters + engine.memory.activations + engine.memory.bookKeeping)
  }

  @Test func refusesWhatDoesNotFit() throws {
    let network = try tutorial()
    #expect(throws: TensorError.dimension(0)) {
      try GradientEngine(network: network, configuration: EngineConfiguration(batchSize: 0))
    }
    #expect(throws: TensorError.dimension(0)) {
      try GradientEngine(network: network, configuration: EngineConfiguration(batchSize: 1, threads: 0))
    }
    #expect(throws: TensorError.self) {
      try GradientEngine(network: network, configuration: EngineConfiguration(batchSize: 1 << 40))
    }
    #expect(throws: NetworkError.self) {
      try GradientEngine(network: network, configuration: EngineConfiguration(batchSize: 1, bookKeeping: ["9": .keep]))
    }
    #expect(throws: NetworkError.self) {
      try GradientEngine(network: network, configuration: EngineConfiguration(batchSize: 1, bookKeeping: ["8": .ghost]))
    }
    let engine = try GradientEngine(network: network, configuration: EngineConfiguration(batchSize: 2))
    let pixels = [Float](repeating: 0, count: 784)
    #expect(throws: NetworkError.label(10, classes: 10)) { try engine.load(pixels, 10, row: 0) }
    #expect(throws: NetworkError.label(-1, classes: 10)) { try engine.load(pixels, -1, row: 0) }
    #expect(throws: NetworkError.count(what: "features", expected: 784, got: 783)) {
      try engine.load(pixels.dropLast(), 0, row: 0)
    }
    #expect(throws: NetworkError.self) { try engine.evaluate(parameters: [0]) }
    #expect(throws: NetworkError.self) { try engine.accumulate(parameters: [0], rule: GivenFactors([1, 1])) }
    var gradient: [Float] = [0]
    #expect(throws: NetworkError.self) { try engine.takeGradient(addingTo: &gradient) }
    #expect(throws: NetworkError.self) {
      try GradientEngine(
        network: network,
        configuration: EngineConfiguration(batchSize: 1, groups: Array(0..<8), strategy: .mixedGhost))
    }
    for groups in [[0], [0, 0, 0, 0, 0, 0, 0, 2], [-2, 0, 0, 0, 0, 0, 0, 0]] {
      #expect(throws: NetworkError.self) {
        try GradientEngine(network: network, configuration: EngineConfiguration(batchSize: 1, groups: groups))
      }
    }
  }

  @Test func addsToTheGradient() throws {
    let network = try Network(inputShape: Shape([3]), layers: [.dense(outputs: 2)])
    let engine = try GradientEngine(network: network, configuration: EngineConfiguration(batchSize: 1))
    try engine.load([1, 2, 3], [1])
    try engine.accumulate(parameters: [Float](repeating: 0, count: 8), rule: GivenFactors([1]))
    var gradient = [Float](repeating: 10, count: 8)
    try engine.takeGradient(addingTo: &gradient)
    // Softmax is (½, ½), the label 1: output gradient (½, −½).
    #expect(gradient == [10.5, 11, 11.5, 9.5, 9, 8.5, 10.5, 9.5])
    #expect(engine.squaredNorms[0] == 0.5 * (14 + 1))
  }

  @Test func measuresItsPhases() throws {
    let engine = try GradientEngine(network: tutorial(), configuration: EngineConfiguration(batchSize: 4, threads: 2))
    var numbers = Numbers(seed: 1)
    _ = try engine.gradientSum(engine.network.initialParameters(using: &numbers))
    let spent = engine.durations
    #expect(spent.forward > 0 && spent.backward > 0 && spent.norms > 0 && spent.gradientSum > 0)
    engine.resetDurations()
    #expect(engine.durations == PhaseDurations())
  }
}
