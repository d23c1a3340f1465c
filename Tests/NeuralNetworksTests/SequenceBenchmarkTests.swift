import Foundation
import NeuralNetworks
import Tensors
import TestSupport
import Testing

/// Times of one step, as `BenchmarkTests`, of the literature's networks over sequences.
@Suite(.serialized, .enabled(if: ProcessInfo.processInfo.environment["EPSILOND_BENCHMARK"] != nil))
struct SequenceBenchmarkTests {
  struct Workload: Sendable, CustomTestStringConvertible {
    let name: String
    let length, batchSize: Int
    let nodes: [LayerNode]
    var loss = Loss.softmaxCrossEntropy
    var testDescription: String { name }
  }

  static let workloads = [
    Workload(
      name: "embedding", length: 256, batchSize: 256,
      nodes: LayerNode.chain([
        .embedding(vocabulary: 10_000, dimension: 16), .globalAveragePool, .dense(outputs: 16), .relu,
        .dense(outputs: 2),
      ])),
    Workload(
      name: "lstm", length: 128, batchSize: 64,
      nodes: LayerNode.chain([
        .embedding(vocabulary: 10_000, dimension: 32), .lstm(units: 100), .position(.last), .dense(outputs: 2),
      ])),
    Workload(
      name: "gpt tiny", length: 128, batchSize: 16,
      nodes: GoldenCase.decoder(layers: 4, vocabulary: 5000, width: 256, heads: 4) { "\($0).\($1)" },
      loss: .tokenCrossEntropy),
  ]

  @Test(arguments: workloads.filter { ProcessInfo.processInfo.environment["EPSILOND_WORKLOAD"] ?? $0.name == $0.name })
  func step(_ workload: Workload) throws {
    for mode in [GradientMode.batch, .perExample] { try time(workload, mode) }
  }

  private func time(_ workload: Workload, _ mode: GradientMode) throws {
    let environment = ProcessInfo.processInfo.environment
    let network = try Network(inputShape: Shape([workload.length]), nodes: workload.nodes, loss: workload.loss)
    var configuration = EngineConfiguration(
      batchSize: workload.batchSize, threads: environment["EPSILOND_THREADS"].flatMap(Int.init) ?? 2, mode: mode,
      blockSize: environment["EPSILOND_BLOCK"].flatMap(Int.init))
    if let method = environment["EPSILOND_BOOK_KEEPING"].flatMap(BookKeeping.init), mode == .perExample {
      for (node, layer) in zip(network.nodes, network.layers) {
        guard let layer = layer as? any ParameterizedLayer, layer.bookKeepings.contains(method) else { continue }
        configuration.bookKeeping[node.name] = method
      }
    }
    let engine = try GradientEngine(network: network, configuration: configuration)
    var numbers = Numbers(seed: 1)
    let parameters = network.initialParameters(using: &numbers)
    for row in 0..<workload.batchSize {
      try SequenceBatch.example(network, &numbers).withUnsafeBufferPointer { features in
        try SequenceBatch.targets(network, &numbers).withUnsafeBufferPointer {
          try engine.load(row: row, features: features, targets: $0)
        }
      }
    }
    var times: [Double] = []
    for _ in 0..<(environment["EPSILOND_STEPS"].flatMap(Int.init) ?? 30) {
      let start = ContinuousClock.now
      try engine.accumulate(parameters: parameters, rule: FlatClipping(clippingNorm: 1))
      times.append((ContinuousClock.now - start) / .milliseconds(1))
    }
    times.sort()
    print(
      "\(workload.name) \(mode): median \(times[times.count / 2]) ms, least \(times[0]) ms, "
        + "\(engine.memory.total >> 20) MiB; \(engine.durations)")
    if mode == .perExample { for layer in engine.plan where layer.bookKeeping != nil { print("  \(layer)") } }
  }
}
