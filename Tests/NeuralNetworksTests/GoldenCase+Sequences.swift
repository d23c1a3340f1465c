import NeuralNetworks
import Tensors

extension GoldenCase {
  /// Networks over sequences: recurrent layers, embeddings, norms and attention.
  static let sequences = [
    GoldenCase(
      name: "embed_pool",
      nodes: LayerNode.chain([
        ("e", .embedding(vocabulary: 17, dimension: 5)), ("", .globalAveragePool), ("l1", .dense(outputs: 6)),
        ("", .relu), ("l2", .dense(outputs: 3)),
      ])),
    GoldenCase(
      name: "lstm",
      nodes: LayerNode.chain([
        ("e", .embedding(vocabulary: 17, dimension: 5)), ("r", .lstm(units: 6)), ("", .position(.last)),
        ("l", .dense(outputs: 3)),
      ])),
    GoldenCase(
      name: "gru",
      nodes: LayerNode.chain([("r", .gru(units: 4)), ("", .globalAveragePool), ("l", .dense(outputs: 3))])),
    GoldenCase(
      name: "norms",
      nodes: LayerNode.chain([
        ("c1", .convolution(filters: 4, window: Window(kernel: 3, stride: 1, padding: .all(1)))),
        ("gn", .groupNorm(groups: 2)), ("", .relu), ("", .positions), ("l1", .dense(outputs: 5)), ("ln", .layerNorm()),
        ("", .tanh), ("", .globalAveragePool), ("l2", .dense(outputs: 3)),
      ])),
    GoldenCase(
      name: "attention",
      nodes: decoder(layers: 1, vocabulary: 19, width: 8, heads: 2) { _, part in part }, loss: .tokenCrossEntropy),
  ]

  /// A decoder in the manner of GPT-2: token and position embedding, pre-norm blocks of causal attention and a
  /// feed-forward layer of four times the width, a last norm, and a head of its own.
  /// - Parameter name: of a part ("q", "n1", …) of block number `layer`.
  static func decoder(
    layers: Int, vocabulary: Int, width: Int, heads: Int, name: (_ layer: Int, _ part: String) -> String
  ) -> [LayerNode] {
    var nodes = [
      LayerNode(name: "wte", .embedding(vocabulary: vocabulary, dimension: width), inputs: [-1]),
      LayerNode(name: "wpe", .positionEmbedding, inputs: [0]),
    ]
    func add(_ name: String, _ operation: LayerConfiguration, _ inputs: [Int]) -> Int {
      nodes.append(LayerNode(name: name, operation, inputs: inputs))
      return nodes.count - 1
    }
    var stream = 1
    for layer in 0..<layers {
      let normed = add(name(layer, "n1"), .layerNorm(), [stream])
      let heads3 = ["q", "k", "v"].map { add(name(layer, $0), .dense(outputs: width), [normed]) }
      let mixed = add("", .scaledDotProductAttention(heads: heads, isCausal: true), heads3)
      stream = add("", .add, [stream, add(name(layer, "o"), .dense(outputs: width), [mixed])])
      let wide = add(
        name(layer, "a"), .dense(outputs: 4 * width), [add(name(layer, "n2"), .layerNorm(), [stream])])
      let narrow = add(name(layer, "b"), .dense(outputs: width), [add("", .activation(.geluTanh), [wide])])
      stream = add("", .add, [stream, narrow])
    }
    let last = add("nf", .layerNorm(), [stream])
    _ = add("head", .dense(outputs: vocabulary, bias: false), [last])
    return nodes
  }
}
