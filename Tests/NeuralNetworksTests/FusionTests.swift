import NeuralNetworks
import Tensors
import TestSupport
import Testing

/// Layers that are computed together give what they give apart; a layer between them keeps them apart.
struct FusionTests {
  struct Pair: Sendable, CustomTestStringConvertible {
    let name: String
    let inputShape: [Int]
    let together, apart: [LayerConfiguration]
    var testDescription: String { name }
  }

  static let pairs: [Pair] = [
    pair("mean embedding", [6], .embedding(vocabulary: 9, dimension: 20, paddingIndex: 2), .globalAveragePool),
    pair("one position", [1], .embedding(vocabulary: 9, dimension: 3), .globalAveragePool),
    pair(
      "rectified convolution", [3, 5, 5],
      .convolution(filters: 6, window: Window(kernel: 3, stride: 1, padding: .all(1))), .activation(.relu), .flatten),
    pair(
      "rectified convolution in blocks", [256, 2, 2],
      .convolution(filters: 256, window: Window(kernel: 3, stride: 1, padding: .all(1)), bias: false),
      .activation(.relu), .flatten),
  ]

  private static func pair(_ name: String, _ inputShape: [Int], _ layers: LayerConfiguration...) -> Pair {
    func network(_ layers: [LayerConfiguration]) -> [LayerConfiguration] {
      layers + [.dense(outputs: 5), .activation(.relu), .dense(outputs: 3)]
    }
    return Pair(
      name: name, inputShape: inputShape, together: network(layers),
      apart: network([layers[0], .dropout(rate: 0)] + layers[1...]))
  }

  @Test(arguments: pairs, BackendKind.allCases) func agree(_ pair: Pair, _ backend: BackendKind) throws {
    let results = try [pair.together, pair.apart].map { layers in
      let setting = SequenceCase.chain(pair.name, pair.inputShape, layers)
      let batch = try SequenceBatch(setting, backend)
      let engine = try batch.engine()
      let sum = try engine.gradientSum(batch.parameters, factors: [1, 0.5, 2, -1])
      return (norms: Array(engine.squaredNorms), losses: Array(engine.losses), sum: sum)
    }
    #expect(worstRelativeDifference(results[0].losses, results[1].losses) < 1e-5)
    #expect(worstRelativeDifference(results[0].norms, results[1].norms) < 1e-5)
    #expect(relativeError(results[0].sum, results[1].sum.map { Double($0) }) < 1e-5)
  }
}
