import Foundation
import NeuralNetworks
import Tensors
import TestSupport
import Testing

/// Times of one step on a resident batch: forward, backward and, where private, norms, factors and the clipped sum. Run
/// with `EPSILOND_BENCHMARK=1 swift test -c release --filter Benchmark`; the machine should be otherwise idle.
@Suite(.serialized, .enabled(if: ProcessInfo.processInfo.environment["EPSILOND_BENCHMARK"] != nil))
struct BenchmarkTests {
  struct Workload: Sendable, CustomTestStringConvertible {
    let name: String
    let inputShape: [Int]
    let layers: [LayerConfiguration]
    let batchSizes: [Int]
    var testDescription: String { name }
  }

  static let workloads = [
    Workload(
      name: "logistic regression", inputShape: [104], layers: [.dense(outputs: 2)], batchSizes: [256]),
    Workload(name: "tutorial CNN", inputShape: [1, 28, 28], layers: tutorialLayers(), batchSizes: [32, 256]),
    Workload(name: "SimpleConvNet", inputShape: [3, 32, 32], layers: simpleConvNet, batchSizes: [256]),
    Workload(name: "VGG11", inputShape: [3, 32, 32], layers: vgg11, batchSizes: [64]),
  ]

  static let simpleConvNet: [LayerConfiguration] = [
    .convolution(filters: 6, window: Window(kernel: 5, stride: 1)), .relu,
    .maxPool(Window(kernel: 2, stride: 2)),
    .convolution(filters: 16, window: Window(kernel: 5, stride: 1)), .relu,
    .maxPool(Window(kernel: 2, stride: 2)), .flatten, .dense(outputs: 120), .relu,
    .dense(outputs: 84), .relu, .dense(outputs: 10),
  ]

  static let vgg11: [LayerConfiguration] = {
    var layers: [LayerConfiguration] = []
    for filters in [64, 0, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512, 0] {
      if filters == 0 {
        layers.append(.maxPool(Window(kernel: 2, stride: 2)))
      } else {
        let window = Window(kernel: 3, stride: 1, padding: .all(1))
        layers += [.convolution(filters: filters, window: window), .relu]
      }
    }
    return layers + [.flatten, .dense(outputs: 4096), .relu, .dense(outputs: 10)]
  }()

  @Test(arguments: workloads.filter { ProcessInfo.processInfo.environment["EPSILOND_WORKLOAD"] ?? $0.name == $0.name })
  func step(_ workload: Workload) throws {
    for batchSize in workload.batchSizes {
      for mode in [GradientMode.batch, .perExample] { try time(workload, batchSize, mode) }
    }
  }

  private func time(_ workload: Workload, _ batchSize: Int, _ mode: GradientMode) throws {
    let network = try Network(inputShape: Shape(workload.inputShape), layers: workload.layers)
    let environment = ProcessInfo.processInfo.environment
    var configuration = EngineConfiguration(
      batchSize: batchSize, threads: environment["EPSILOND_THREADS"].flatMap(Int.init) ?? 2, mode: mode,
      timesMethods: true,
      blockSize: environment["EPSILOND_BLOCK"].flatMap(Int.init))
    if let method = environment["EPSILOND_BOOK_KEEPING"].flatMap(BookKeeping.init), mode == .perExample {
      for (index, layer) in workload.layers.enumerated() {
        if case .convolution = layer { configuration.bookKeeping[String(index)] = method }
      }
    }
    let engine = try GradientEngine(network: network, configuration: configuration)
    var random = Numbers(seed: 1)
    let parameters = network.initialParameters(using: &random)
    let examples = (0..<batchSize * network.inputShape.count).map { _ in Float(random.uniform()) }
    try engine.load(examples, (0..<batchSize).map { $0 % network.classCount })
    var gradient = [Float](repeating: 0, count: network.parameterCount)
    let rule = FlatClipping(clippingNorm: 1)

    func step() throws {
      try engine.accumulate(parameters: parameters, rule: rule)
      try engine.takeGradient(addingTo: &gradient)
    }
    for _ in 0..<3 { try step() }
    engine.resetDurations()
    var times: [Double] = []
    let processorStart = processorSeconds()
    let end = ContinuousClock.now + .seconds(1)
    while ContinuousClock.now < end || times.count < 5 {
      let elapsed = try ContinuousClock().measure(step)
      times.append(Double(elapsed.components.attoseconds) * 1e-15 + Double(elapsed.components.seconds) * 1e3)
    }
    // On a shared machine the clock tells of the others, too.
    let processor = (processorSeconds() - processorStart) * 1e3 / Double(times.count)
    times.sort()
    let d = engine.durations
    let phases = [d.forward, d.backward, d.norms, d.gradientSum].map {
      String(format: "%.3f", $0 * 1e3 / Double(times.count))
    }
    print(
      "\(workload.name), batch \(batchSize), \(mode): median",
      String(format: "%.3f ms, best %.3f ms, processor %.3f ms;", times[times.count / 2], times[0], processor),
      "forward, backward, norms, sum: \(phases.joined(separator: ", ")) ms;",
      "\(engine.memory.total >> 10) KiB")
    for layer in engine.plan where layer.bookKeeping != nil { print("    \(layer)") }
  }

  private func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
