import Foundation
import Planning
import Testing

/// Networks as graphs: what each layer type takes and gives, names, blocks, and what is refused.
@Suite struct ModelGraphTests {
  static let image = ModelInput(shape: .image(channels: 4, height: 8, width: 6), classCount: 3)
  static let sequence = ModelInput(shape: .sequence(length: 10, channels: 8), classCount: 3)
  static let tokens = ModelInput(shape: .features(10), vocabularySize: 50, classCount: 3)
  static let language = ModelInput(shape: .features(10), vocabularySize: 50, classCount: 50, targetCount: 10)

  func network(_ json: String, _ input: ModelInput) throws -> ModelArchitecture {
    try ModelArchitecture(decode(json) as ModelSpecification, input: input)
  }

  // MARK: Shapes

  /// One layer, what it takes, what it gives, and the shapes of its parameters.
  static let layers: [(layer: String, input: ModelInput, output: [Int], parameters: [[Int]])] = [
    (
      #"{"type": "conv2d", "filters": 6, "kernel_size": 3, "padding": 1, "strides": 2, "groups": 2}"#, image,
      [6, 4, 3],
      [[6, 2, 3, 3], [6]]
    ),
    (
      #"{"type": "conv2d", "filters": 6, "kernel_size": [3, 2], "dilation_rate": [2, 1]}"#, image, [6, 4, 5],
      [[6, 4, 3, 2], [6]]
    ),
    (
      #"{"type": "conv2d", "filters": 2, "kernel_size": 3, "padding": [0, 2], "use_bias": false}"#, image, [2, 6, 8],
      [[2, 4, 3, 3]]
    ),
    (
      #"{"type": "conv1d", "filters": 6, "kernel_size": 3, "strides": 2, "padding": "same"}"#, sequence, [5, 6],
      [[6, 8, 3], [6]]
    ),
    (#"{"type": "max_pool2d", "pool_size": 3, "strides": 2, "padding": 1}"#, image, [4, 4, 3], []),
    (#"{"type": "average_pool1d", "pool_size": 2}"#, sequence, [5, 8], []),
    (#"{"type": "max_pool1d", "pool_size": 4, "strides": 1}"#, sequence, [7, 8], []),
    (#"{"type": "global_average_pool"}"#, image, [4], []), (#"{"type": "global_max_pool"}"#, sequence, [8], []),
    (#"{"type": "first_position"}"#, sequence, [8], []), (#"{"type": "last_position"}"#, sequence, [8], []),
    (#"{"type": "embedding", "dimension": 7, "padding_index": 0}"#, tokens, [10, 7], [[50, 7]]),
    (#"{"type": "embedding", "dimension": 7, "vocabulary_size": 60}"#, tokens, [10, 7], [[60, 7]]),
    (#"{"type": "position_embedding"}"#, sequence, [10, 8], [[10, 8]]),
    (#"{"type": "lstm", "units": 5}"#, sequence, [10, 5], [[20, 8], [20, 5], [20], [20]]),
    (#"{"type": "gru", "units": 5}"#, sequence, [10, 5], [[15, 8], [15, 5], [15], [15]]),
    (#"{"type": "layer_norm"}"#, sequence, [10, 8], [[8], [8]]), (#"{"type": "rms_norm"}"#, sequence, [10, 8], [[8]]),
    (#"{"type": "group_norm", "groups": 2}"#, image, [4, 8, 6], [[4], [4]]),
    (#"{"type": "dense", "units": 5}"#, sequence, [10, 5], [[5, 8], [5]]),
    (#"{"type": "positions"}"#, image, [48, 4], []), (#"{"type": "flatten"}"#, sequence, [80], []),
    (#"{"type": "dropout", "rate": 0.5}"#, image, [4, 8, 6], []),
    (#"{"type": "gelu", "approximate": true}"#, image, [4, 8, 6], []),
    (
      #"{"type": "multi_head_attention", "heads": 2}"#, sequence, [10, 8],
      [[8, 8], [8], [8, 8], [8], [8, 8], [8], [8, 8], [8]]
    ),
    (
      #"{"type": "transformer_block", "heads": 2, "feed_forward": 12}"#, sequence, [10, 8],
      [[8], [8], [8, 8], [8], [8, 8], [8], [8, 8], [8], [8, 8], [8], [8], [8], [12, 8], [12], [8, 12], [8]]
    ),
    (
      #"{"type": "residual", "layers": [{"type": "conv2d", "filters": 4, "kernel_size": 1}], "activation": "relu"}"#,
      image,
      [4, 8, 6], [[4, 4, 1, 1], [4]]
    ),
  ]

  @Test(arguments: layers.indices)
  func everyLayerKnowsWhatItGives(row: Int) throws {
    let (layer, input, output, parameters) = Self.layers[row]
    let architecture = try network(
      #"{"layers": [\#(layer), {"type": "flatten"}, {"type": "dense", "units": 3}]}"#, input)
    let flatten = try #require(architecture.layers.dropLast().last)
    #expect(flatten.input.dimensions == output)
    #expect(architecture.parameters.dropLast(2).map(\.shape) == parameters)
    #expect(Set(architecture.parameters.map(\.name)).count == architecture.parameters.count)
    // What was read is written, and read again to the same.
    let specification: ModelSpecification = try decode(#"{"layers": [\#(layer)]}"#)
    let copy = try JSONDecoder().decode(ModelSpecification.self, from: JSONEncoder().encode(specification))
    #expect(copy == specification)
  }

  @Test func rowsOfAnImageAreASequenceToASequenceLayer() throws {
    let input = ModelInput(shape: .image(channels: 1, height: 28, width: 20), classCount: 3)
    let lstm = try network(
      #"{"layers": [{"type": "lstm", "units": 4}, {"type": "last_position"}, {"type": "dense", "units": 3}]}"#, input)
    #expect(lstm.input == .sequence(length: 28, channels: 20))
    let convolution = try network(
      #"{"layers": [{"type": "conv2d", "filters": 1, "kernel_size": 28}, {"type": "flatten"}, {"type": "dense", "units": 3}]}"#
        .replacingOccurrences(of: "28", with: "20"), input)
    #expect(convolution.input == input.shape)
  }

  // MARK: Names and graphs

  @Test func parametersAreNamedByPlaceOrByName() throws {
    let architecture = try network(
      """
      {"layers": [
        {"type": "conv2d", "name": "stem", "filters": 4, "kernel_size": 3, "padding": 1, "activation": "relu"},
        {"type": "residual", "layers": [
           {"type": "group_norm", "groups": 2}, {"type": "conv2d", "name": "inner", "filters": 4, "kernel_size": 1}],
         "shortcut": [{"type": "conv2d", "filters": 4, "kernel_size": 1, "use_bias": false}]},
        {"type": "positions"},
        {"type": "multi_head_attention", "name": "mix.a", "heads": 2, "use_bias": false},
        {"type": "position_embedding", "name": "wpe"},
        {"type": "global_average_pool"}, {"type": "dense", "units": 3}]}
      """, Self.image)
    #expect(
      architecture.parameters.map(\.name) == [
        "stem.weight", "stem.bias", "2.0.weight", "2.0.bias", "2.inner.weight", "2.inner.bias", "2.shortcut.0.weight",
        "mix.a.q.weight", "mix.a.k.weight", "mix.a.v.weight", "mix.a.o.weight", "wpe", "7.weight", "7.bias",
      ])
    #expect(architecture.torch.expression == nil)
    #expect(
      architecture.torch.source.contains(
        #"put(self, "2.shortcut.0", nn.Conv2d(4, 4, 1, stride=1, padding=0, bias=False))"#))
  }

  @Test func layersReadWhatTheyName() throws {
    let architecture = try network(
      """
      {"layers": [
        {"type": "dense", "name": "q", "units": 8},
        {"type": "dense", "name": "k", "units": 8, "inputs": ["input"]},
        {"type": "dense", "name": "v", "units": 8, "inputs": ["input"]},
        {"type": "scaled_dot_product_attention", "name": "mixed", "heads": 4, "causal": true, "inputs": ["q", "k", "v"]},
        {"type": "add", "inputs": ["mixed", "input", "v"]},
        {"type": "last_position"}, {"type": "dense", "units": 3}]}
      """, Self.sequence)
    #expect(architecture.layers.map(\.inputs) == [[-1], [-1], [-1], [0, 1, 2], [3, -1], [4, 2], [5], [6]])
    #expect(architecture.torch.source.contains("attend(x0, x1, x2, 4, True)"))
  }

  @Test func aTiedHeadHasNoParametersOfItsOwn() throws {
    let architecture = try network(
      """
      {"layers": [{"type": "embedding", "name": "wte", "dimension": 6}, {"type": "lstm", "units": 6},
                  {"type": "tied_dense", "embedding": "wte"}], "loss": "token_cross_entropy"}
      """, Self.language)
    #expect(
      architecture.parameters.map(\.name) == [
        "wte.weight", "1.weight_ih_l0", "1.weight_hh_l0", "1.bias_ih_l0", "1.bias_hh_l0",
      ])
    #expect(architecture.layers.last?.output == .sequence(length: 10, channels: 50))
  }

  @Test func blocksAreClippedWhole() throws {
    let model: ModelSpecification = try decode(
      """
      {"layers": [{"type": "embedding", "dimension": 8}, {"type": "transformer_block", "heads": 2},
                  {"type": "transformer_block", "heads": 2}, {"type": "global_average_pool"}, {"type": "dense", "units": 3}],
       "freeze": ["0", "1.norm1.bias"]}
      """)
    let specification = try tutorial {
      $0.model = model
      $0.training.clipping = ClippingSpecification(mode: .perBlock, norm: 1)
    }
    let facts = DatasetFacts(
      reference: "fashion-mnist/train", exampleCount: 60_000, inputShape: .features(10), classCount: 3,
      vocabularySize: 50,
      isPublic: true)
    let plan = try TrainingPlan(specification, dataset: facts, evaluation: facts)
    guard case .grouped(let groups) = try #require(plan.mechanism).clipping else {
      Issue.record("no groups")
      return
    }
    // The embedding and one bias are frozen; a block is a group, and so is the head.
    #expect(
      groups.groupOfParameter
        == [-1, 0, -1] + Array(repeating: 0, count: 14) + Array(repeating: 1, count: 16) + [2, 2])
    #expect(groups.norms.count == 3)
    #expect(plan.architecture.trainedParameterCount == plan.architecture.parameterCount - 400 - 8)
  }

  // MARK: Losses

  static let losses: [(json: String, input: ModelInput, pointer: String?)] = [
    (
      #"[{"type": "dense", "units": 1}], "loss": "binary_cross_entropy""#,
      ModelInput(shape: .features(4), classCount: 2), nil
    ),
    (
      #"[{"type": "dense", "units": 5}], "loss": "binary_cross_entropy""#,
      ModelInput(shape: .features(4), classCount: 2, targetCount: 5), nil
    ),
    (
      #"[{"type": "dense", "units": 1}], "loss": "binary_cross_entropy""#,
      ModelInput(shape: .features(4), classCount: 3), "/model/loss"
    ),
    (
      #"[{"type": "dense", "units": 2, "activation": "tanh"}], "loss": "mean_squared_error""#,
      ModelInput(shape: .features(4), classCount: nil, targetCount: 2), nil
    ),
    (#"[{"type": "dense", "units": 1}]"#, ModelInput(shape: .features(4), classCount: nil), "/model/loss"),
    (
      #"[{"type": "embedding", "dimension": 3}, {"type": "dense", "units": 50}], "loss": "token_cross_entropy""#,
      language, nil
    ),
    (#"[{"type": "embedding", "dimension": 3}, {"type": "dense", "units": 50}]"#, language, "/model/loss"),
    (
      #"[{"type": "embedding", "dimension": 3}, {"type": "dense", "units": 49}], "loss": "token_cross_entropy""#,
      language,
      "/model/layers/1"
    ),
  ]

  @Test(arguments: losses.indices)
  func aLossTakesWhatTheDatasetHas(row: Int) throws {
    let (json, input, pointer) = Self.losses[row]
    let model: ModelSpecification = try decode(#"{"layers": \#(json)}"#)
    let found = issues { () throws(PlanningError) in try ModelArchitecture(model, input: input) }
    #expect(found.map(\.pointer) == [pointer].compactMap { $0 }, "\(found)")
  }

  // MARK: Refusals

  static let refusals: [(layers: String, input: ModelInput, pointer: String, words: String)] = [
    (
      #"{"type": "conv1d", "filters": 2, "kernel_size": 3, "dilation_rate": 100000000, "padding": 100000000}"#,
      sequence,
      "/0", "reaches over"
    ),
    (
      #"{"type": "conv1d", "filters": 2, "kernel_size": 3, "dilation_rate": 30000, "padding": 30000}"#, sequence,
      "/0/padding", "at most"
    ),
    (
      #"{"type": "conv2d", "filters": 2, "kernel_size": 3, "strides": 4611686018427387904}"#, image, "/0/strides",
      "at most"
    ),
    (#"{"type": "max_pool2d", "pool_size": 2, "strides": 2147483648}"#, image, "/0/strides", "at most"),
    (#"{"type": "max_pool2d", "pool_size": 2001, "padding": 1000, "strides": 1}"#, image, "/0/pool_size", "65535"),
    (#"{"type": "dense", "name": "a b", "units": 3}"#, sequence, "/0/name", "ASCII"),
    (#"{"type": "dense", "name": "input", "units": 3}"#, sequence, "/0/name", "else"),
    (
      #"{"type": "dense", "name": "a", "units": 3}, {"type": "dense", "name": "a", "units": 3}"#, sequence, "/1/name",
      "Two layers"
    ),
    (#"{"type": "dense", "name": "1", "units": 3}, {"type": "dense", "units": 3}"#, sequence, "/1", "1.weight"),
    (#"{"type": "dense", "units": 3, "inputs": []}"#, sequence, "/0/inputs", "at least one"),
    (
      #"{"type": "dense", "units": 3, "inputs": ["b"]}, {"type": "dense", "name": "b", "units": 3}"#, sequence,
      "/0/inputs/0", "cycle"
    ),
    (#"{"type": "dense", "name": "a", "units": 3, "inputs": ["a"]}"#, sequence, "/0/inputs/0", "cycle"),
    (
      #"{"type": "dense", "name": "a", "units": 3}, {"type": "relu", "inputs": ["c"]}"#, sequence, "/1/inputs/0",
      "input, a"
    ),
    (
      #"{"type": "dense", "units": 3}, {"type": "dense", "units": 3, "inputs": ["input"]}"#, sequence, "/0",
      "No layer reads"
    ),
    (#"{"type": "dense", "units": 3, "inputs": ["input", "input"]}"#, sequence, "/0/inputs", "reads one"),
    (#"{"type": "add"}"#, sequence, "/0/inputs", "two layers"),
    (
      #"{"type": "dense", "name": "a", "units": 3}, {"type": "add", "inputs": ["a", "input"]}"#, sequence,
      "/1/inputs/1", "one shape"
    ),
    (#"{"type": "embedding", "dimension": 3}"#, sequence, "/0", "tokens"),
    (#"{"type": "dense", "units": 3}"#, tokens, "/0", "embedding layer before"),
    (#"{"type": "embedding", "dimension": 3, "vocabulary_size": 49}"#, tokens, "/0/vocabulary_size", "at least 50"),
    (#"{"type": "embedding", "dimension": 3, "padding_index": 50}"#, tokens, "/0/padding_index", "0 to 49"),
    (
      #"{"type": "embedding", "dimension": 3}, {"type": "tied_dense", "embedding": "e"}"#, tokens, "/1/embedding",
      "No embedding"
    ),
    (
      #"{"type": "embedding", "name": "e", "dimension": 3}, {"type": "dense", "units": 4}, {"type": "tied_dense", "embedding": "e"}"#,
      tokens, "/2/embedding", "3 numbers a token"
    ),
    (#"{"type": "lstm", "units": 3}"#, image, "/0", "positions"),
    (#"{"type": "lstm", "units": 0}"#, sequence, "/0/units", "at least 1"),
    (#"{"type": "multi_head_attention", "heads": 3}"#, sequence, "/0/heads", "divides"),
    (#"{"type": "scaled_dot_product_attention", "heads": 2}"#, sequence, "/0/inputs", "three"),
    (#"{"type": "transformer_block", "heads": 2, "dropout": 1}"#, sequence, "/0/dropout", "below 1"),
    (#"{"type": "dropout", "rate": 1}"#, sequence, "/0/rate", "below 1"),
    (#"{"type": "layer_norm"}"#, image, "/0", "group_norm"),
    (#"{"type": "group_norm", "groups": 3}"#, image, "/0/groups", "divides"),
    (#"{"type": "layer_norm", "epsilon": 0}"#, sequence, "/0/epsilon", "1e-12"),
    (#"{"type": "conv2d", "filters": 3, "kernel_size": 3, "groups": 2}"#, image, "/0/groups", "divides"),
    (#"{"type": "conv2d", "filters": 3, "kernel_size": 3, "padding": -1}"#, image, "/0/padding", "between 0"),
    (#"{"type": "conv2d", "filters": 3, "kernel_size": 3, "padding": 3}"#, image, "/0/padding", "window"),
    (
      #"{"type": "conv2d", "filters": 3, "kernel_size": 3, "dilation_rate": 9223372036854775807}"#, image, "/0",
      "does not fit"
    ),
    (#"{"type": "max_pool2d", "pool_size": 3, "strides": 2, "padding": "same"}"#, image, "/0/padding", "uneven"),
    (#"{"type": "average_pool2d", "pool_size": 3, "padding": 2}"#, image, "/0/padding", "half"),
    (
      #"{"type": "residual", "layers": [{"type": "conv2d", "filters": 8, "kernel_size": 1}]}"#, image, "/0/shortcut",
      "alike"
    ),
    (
      #"{"type": "residual", "layers": [{"type": "conv2d", "filters": 8, "kernel_size": 9}]}"#, image, "/0/layers/0",
      "does not fit"
    ),
    (#"{"type": "residual", "layers": []}"#, image, "/0/layers", "has a layer"),
    (#"{"type": "dense", "units": 1000000000000}"#, sequence, "/0", "108 TB"),
    (#"{"type": "lstm", "units": 1000000}"#, sequence, "/0", "48 TB"),
    (
      #"{"type": "embedding", "dimension": 100000000}"#, tokens, "/0", "60 GB"
    ),
  ]

  @Test(arguments: refusals.indices)
  func whatCannotBeNamesItsLayer(row: Int) throws {
    let (layers, input, place, words) = Self.refusals[row]
    let model: ModelSpecification = try decode(#"{"layers": [\#(layers)]}"#)
    let found = issues { () throws(PlanningError) in try ModelArchitecture(model, input: input) }
    #expect(found.map(\.pointer) == ["/model/layers" + place], "\(found)")
    #expect(found.first?.detail.contains(words) == true, "\(found)")
  }

  @Test(arguments: ["batch_norm", "batch_normalization", "sync_batch_norm"])
  func layersAcrossExamplesAreRefusedWithTheirReplacement(type: String) throws {
    let json = #"{"layers": [{"type": "\#(type)"}, {"type": "dense", "units": 3}]}"#
    let error = #expect(throws: DecodingError.self) { try decode(json) as ModelSpecification }
    guard case .dataCorrupted(let context) = try #require(error) else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(context.codingPath.map(\.stringValue).last == "type" && context.debugDescription.contains("group_norm"))
  }

  @Test func freezingNeedsSomethingThereAndSomethingLeft() throws {
    func refusal(_ freeze: String) throws -> [FieldIssue] {
      let model: ModelSpecification = try decode(#"{"preset": "mlp", "freeze": \#(freeze)}"#)
      return issues { () throws(PlanningError) in try ModelArchitecture(model, input: .features(4), classCount: 2) }
    }
    #expect(try refusal(#"["1"]"#).isEmpty)
    #expect(try refusal(#"["1.weight"]"#).isEmpty)
    #expect(try refusal(#"["1", "2"]"#).map(\.pointer) == ["/model/freeze/1"])
    #expect(try refusal(#"["1.wei"]"#).map(\.pointer) == ["/model/freeze/0"])
    #expect(try refusal(#"["1", "3"]"#).map(\.pointer) == ["/model/freeze"])
  }

  // MARK: Presets

  /// Counts of the networks in the literature, and of the same layers in torch.
  static let presets: [(ModelPreset, ModelInput, Int)] = [
    (.tutorialCNN, ModelInput(shape: .image(channels: 1, height: 28, width: 28), classCount: 10), 26_010),
    (.fashionCNN, ModelInput(shape: .image(channels: 1, height: 28, width: 28), classCount: 10), 26_010),
    (.cifarCNN, cifar, 550_570), (.simpleConvNet, cifar, 62_006), (.largerConvNet, cifar, 131_466),
    (.resNet34Simplified, cifar, 731_082), (.resNet18, cifar, 11_173_962), (.vgg11, cifar, 11_362_698),
    (.vgg19, cifar, 22_166_602), (.logisticRegression, ModelInput(shape: .features(104), classCount: 2), 210),
    (.mlp, ModelInput(shape: .features(104), classCount: 2), 13_698),
    (.embeddingMeanPool, ModelInput(shape: .features(256), vocabularySize: 10_000, classCount: 2), 160_306),
    (.lstm, ModelInput(shape: .features(128), vocabularySize: 10_000, classCount: 2), 373_802),
    (
      .gpt2Tiny, ModelInput(shape: .features(128), vocabularySize: 5_000, classCount: 5_000, targetCount: 128),
      5_752_320
    ),
    (.robertaTiny, ModelInput(shape: .features(128), vocabularySize: 10_000, classCount: 2), 5_818_626),
    (.viTTiny, cifar, 5_362_378),
  ]
  static let cifar = ModelInput(shape: .image(channels: 3, height: 32, width: 32), classCount: 10)

  @Test func presetsAreTheNetworksOfThePapers() throws {
    #expect(Set(Self.presets.map(\.0)) == Set(ModelPreset.allCases))
    for (preset, input, count) in Self.presets {
      let architecture = try ModelArchitecture(.preset(preset), input: input)
      #expect(architecture.parameterCount == count, "\(preset)")
      #expect(architecture.torch.source.contains("model = "))
      #expect((architecture.torch.expression == nil) == architecture.torch.source.contains("class Model"))
    }
  }

  @Test func aPresetThatDoesNotFitSaysWhichLayer() throws {
    let found = issues { () throws(PlanningError) in
      try ModelArchitecture(.preset(.vgg11), input: .image(channels: 3, height: 8, width: 8), classCount: 10)
    }
    #expect(found.map(\.pointer) == ["/model/preset"])
    #expect(found.first?.detail.contains("max_pool2d") == true, "\(found)")
  }
}
