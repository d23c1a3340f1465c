import Planning
import Testing

@Suite struct ModelArchitectureTests {
  let image = TensorShape.image(channels: 1, height: 28, width: 28)

  @Test func theTutorialNetworkIsTensorFlowPrivacys() throws {
    let network = try ModelArchitecture(.preset(.tutorialCNN), input: image, classCount: 10)
    #expect(network.parameterCount == 26_010)
    #expect(
      network.layers.map(\.output.dimensions)
        == [
          [16, 14, 14], [16, 14, 14], [16, 13, 13], [32, 5, 5], [32, 5, 5], [32, 4, 4], [512], [32], [32], [10],
        ])
    #expect(network.layers.map(\.name) == (0...9).map(String.init))
    #expect(
      network.torchModules
        == [
          "nn.Conv2d(1, 16, 8, stride=2, padding=3)", "nn.ReLU()", "nn.MaxPool2d(2, stride=1)",
          "nn.Conv2d(16, 32, 4, stride=2, padding=0)", "nn.ReLU()", "nn.MaxPool2d(2, stride=1)", "nn.Flatten()",
          "nn.Linear(512, 32)", "nn.ReLU()", "nn.Linear(32, 10)",
        ])
    // 2·196·16·64 + 2·25·32·256 + 2·512·32 + 2·32·10 multiplications and additions, and the elementwise layers.
    let products = 401_408.0 + 409_600 + 32_768 + 640
    #expect(network.forwardOperations > products && network.forwardOperations < 1.05 * products)
  }

  @Test func presetsFitAnyInputTheyCan() throws {
    for (preset, parameters) in [(ModelPreset.logisticRegression, 785 * 7), (.mlp, 785 * 128 + 129 * 7)] {
      let network = try ModelArchitecture(.preset(preset), input: image, classCount: 7)
      #expect(network.parameterCount == parameters)
      #expect(network.layers.last?.output == .features(7))
    }
    let tabular = try ModelArchitecture(.preset(.logisticRegression), input: .features(104), classCount: 2)
    #expect(tabular.parameterCount == 210)
    #expect(
      issues { () throws(PlanningError) in
        try ModelArchitecture(.preset(.tutorialCNN), input: .features(784), classCount: 10)
      }.map(\.pointer) == ["/model/preset"])
  }

  /// TensorFlow: same padding of n pixels, window k, stride s gives ⌈n/s⌉ and puts the odd zero at the end.
  @Test func samePaddingCoversTheImageUnevenly() throws {
    for length in 1...12 {
      for window in 1...min(6, 2 * length) {
        for stride in 1...4 {
          let network = try ModelArchitecture(
            .layers([
              .conv2d(
                filters: 1, kernel: Extent(window), strides: Extent(stride), padding: .same, activation: nil,
                bias: true),
              .flatten, .dense(units: 2, activation: nil, bias: true),
            ]), input: .image(channels: 1, height: length, width: length), classCount: 2)
          guard case .convolution(let layer) = network.layers[0].kind else { throw Unexpected() }
          let output = (length + stride - 1) / stride
          #expect(network.layers[0].output == .image(channels: 1, height: output, width: output))
          let padded = length + layer.padding.top + layer.padding.bottom
          #expect((padded - window) / stride + 1 == output)
          #expect(0...1 ~= layer.padding.bottom - layer.padding.top)
        }
      }
    }
  }

  @Test func unevenPaddingTakesAModuleOfItsOwn() throws {
    let network = try ModelArchitecture(
      .layers([
        .conv2d(filters: 2, kernel: Extent(3), strides: Extent(2), padding: .same, activation: .relu, bias: false),
        .flatten, .dense(units: 2, activation: nil, bias: false),
      ]), input: .image(channels: 3, height: 8, width: 8), classCount: 2)
    #expect(
      network.torchModules
        == [
          "nn.ZeroPad2d((0, 1, 0, 1))", "nn.Conv2d(3, 2, 3, stride=2, bias=False)", "nn.ReLU()", "nn.Flatten()",
          "nn.Linear(32, 2, bias=False)",
        ])
    #expect(network.layers.map(\.name) == ["1", "2", "3", "4"])
    #expect(network.parameterCount == 54 + 64)
  }

  static let refusals: [(layers: String, pointer: String, words: String)] = [
    ("[]", "/model/layers", "1 to 256 layers"),
    (#"[{"type": "dense", "units": 10}]"#, "/model/layers/0", "flatten"),
    (#"[{"type": "flatten"}, {"type": "dense", "units": 0}]"#, "/model/layers/1/units", "at least 1"),
    (#"[{"type": "flatten"}, {"type": "dense", "units": 7}]"#, "/model/layers/1", "10 classes"),
    (#"[{"type": "flatten"}, {"type": "dense", "units": 10, "activation": "relu"}]"#, "/model/layers/1", "softmax"),
    (#"[{"type": "flatten"}, {"type": "conv2d", "filters": 1, "kernel_size": 1}]"#, "/model/layers/1", "image"),
    (#"[{"type": "conv2d", "filters": -1, "kernel_size": 1}]"#, "/model/layers/0/filters", "at least 1"),
    (#"[{"type": "conv2d", "filters": 1, "kernel_size": 29}]"#, "/model/layers/0", "does not fit"),
    (#"[{"type": "conv2d", "filters": 1, "kernel_size": 57, "padding": "same"}]"#, "/model/layers/0", "twice"),
    (
      #"[{"type": "conv2d", "filters": 1, "kernel_size": [3, 0]}]"#, "/model/layers/0/kernel_size", "at least 1"
    ),
    (#"[{"type": "max_pool2d", "pool_size": 2, "strides": 0}]"#, "/model/layers/0/strides", "at least 1"),
    (#"[{"type": "average_pool2d", "pool_size": 30}]"#, "/model/layers/0", "does not fit"),
    (#"[{"type": "flatten"}, {"type": "dense", "units": 1275510205}]"#, "/model/layers/1", "12 TB"),
    (#"[{"type": "flatten"}, {"type": "dense", "units": 9223372036854775807}]"#, "/model/layers/1", "over"),
    (
      #"[{"type": "conv2d", "filters": 9223372036854775807, "kernel_size": 9223372036854775807}]"#,
      "/model/layers/0", "does not fit"
    ),
    (
      #"[{"type": "conv2d", "filters": 1, "kernel_size": 9223372036854775807, "padding": "same"}]"#,
      "/model/layers/0", "twice"
    ),
    (#"[{"type": "conv2d", "filters": 900000, "kernel_size": 1}]"#, "/model/layers/0", "2.8 GB"),
  ]

  @Test(arguments: refusals.indices)
  func whatDoesNotFitNamesItsLayer(row: Int) throws {
    let (layers, pointer, words) = Self.refusals[row]
    let model: ModelSpecification = try decode("{\"layers\": \(layers)}")
    let found = issues { () throws(PlanningError) in try ModelArchitecture(model, input: image, classCount: 10) }
    #expect(found.map(\.pointer) == [pointer])
    #expect(found.first?.detail.contains(words) == true, "\(found)")
  }

  @Test func aHugeInputIsRefusedBeforeAnythingIsComputed() {
    let found = issues { () throws(PlanningError) in
      try ModelArchitecture(
        .preset(.mlp), input: .image(channels: .max, height: .max, width: .max), classCount: 2)
    }
    #expect(found.map(\.pointer) == ["/dataset"])
  }

  struct Unexpected: Error {}
}
