import Foundation
import Planning
import Testing

@Suite struct JobSpecificationTests {
  @Test func theExampleOfTheContractDecodes() throws {
    let job = try tutorial()
    #expect(job.name == "tutorial")
    #expect(job.budget == "bud_1")
    #expect(job.model == .preset(.tutorialCNN))
    #expect(job.training.batchSize == 256)
    #expect(job.training.epochs == 5)
    #expect(job.training.steps == nil)
    #expect(job.training.optimizer == OptimizerSpecification(learningRate: 0.25))
    #expect(job.training.clipping == ClippingSpecification(norm: 1))
    #expect(job.privacy == PrivacySpecification(noiseMultiplier: 0.8, delta: 1e-5))
    #expect(job.privacy.adjacency == .addOrRemoveOne)
    #expect(job.evaluation?.dataset == "fashion-mnist/test")
  }

  @Test func encodingAndDecodingIsTheIdentity() throws {
    let layers: [LayerSpecification] = [
      .conv2d(
        filters: 3, kernel: Extent(height: 3, width: 5), strides: Extent(2), padding: .same, activation: .tanh,
        bias: false),
      .maxPool2d(window: Extent(2), strides: Extent(1)), .averagePool2d(window: Extent(2), strides: Extent(2)),
      .activation(.relu), .activation(.tanh), .flatten, .dense(units: 4, activation: .relu, bias: true),
      .dense(units: 10, activation: nil, bias: false),
    ]
    for model in [ModelSpecification.preset(.mlp), .layers(layers)] {
      for privacy in [
        PrivacySpecification(targetEpsilon: 3, delta: 1e-6, adjacency: .replaceOne),
        PrivacySpecification(isPrivate: false, adjacency: .zeroOut),
      ] {
        let job = try tutorial {
          $0.model = model
          $0.privacy = privacy
        }
        let copy = try JSONDecoder().decode(JobSpecification.self, from: JSONEncoder().encode(job))
        #expect(copy == job)
      }
    }
  }

  @Test func layersHaveTheDefaultsOfKeras() throws {
    let layers: ModelSpecification = try decode(
      """
      {"layers": [{"type": "conv2d", "filters": 2, "kernel_size": [3, 4]},
                  {"type": "average_pool2d", "pool_size": [2, 3]},
                  {"type": "flatten"}, {"type": "dense", "units": 5}]}
      """)
    #expect(
      layers
        == .layers([
          .conv2d(
            filters: 2, kernel: Extent(height: 3, width: 4), strides: Extent(1), padding: .valid, activation: nil,
            bias: true),
          .averagePool2d(window: Extent(height: 2, width: 3), strides: Extent(height: 2, width: 3)),
          .flatten, .dense(units: 5, activation: nil, bias: true),
        ]))
  }

  @Test(arguments: [
    #"{}"#, #"{"preset": "resnet"}"#, #"{"preset": "mlp", "layers": []}"#,
    #"{"layers": [{"type": "conv3d"}]}"#, #"{"layers": [{"type": "dense"}]}"#,
    #"{"layers": [{"type": "max_pool2d", "pool_size": [1, 2, 3]}]}"#,
    #"{"layers": [{"type": "max_pool2d", "pool_size": [1]}]}"#,
    #"{"layers": [{"type": "dense", "units": 3, "activation": "gelu2"}]}"#,
  ])
  func aMisshapenModelIsRefused(json: String) {
    #expect(throws: DecodingError.self) { try decode(json) as ModelSpecification }
  }
}
