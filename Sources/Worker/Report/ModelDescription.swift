import Datasets
import Planning
import PrivateTraining

/// `model.json`: all that is needed to use `model.safetensors` elsewhere.
struct ModelDescription: Encodable {
  let format = "epsilond model 1"
  let classCount: Int
  let classNames: [String]?
  let input: Input
  /// As it was asked for: with `input` and `class_count` it builds the network again.
  let model: ModelSpecification
  /// The equivalent PyTorch module: an expression, with `nn` standing for `torch.nn`.
  let torch: String
  let modules: [String]
  let parameterCount: Int
  let parameters: [Parameter]

  struct Input: Encodable {
    let shape: [Int]
    /// How the dimensions are to be read.
    let layout: String
    /// Stored numbers are multiplied with this public constant first.
    let scale: Double
    /// Each feature x becomes (x − lower)/(upper − lower) before that.
    let ranges: [FeatureRange]?
  }

  struct Parameter: Encodable {
    let name: String
    let shape: [Int]
  }

  enum CodingKeys: String, CodingKey {
    case format, input, model, torch, modules, parameters
    case classCount = "class_count"
    case classNames = "class_names"
    case parameterCount = "parameter_count"
  }

  init(trainer: Trainer, preparation: JobPreparation) throws {
    let architecture = preparation.plan.architecture
    let source = preparation.dataset.registration.source
    classCount = architecture.classCount
    classNames = source.table?.classNames
    input = Input(
      shape: architecture.input.dimensions, layout: Self.layout(architecture.input), scale: source.scale,
      ranges: source.table?.ranges)
    model = preparation.specification.model
    modules = architecture.torchModules
    torch = "nn.Sequential(\(modules.joined(separator: ", ")))"
    parameterCount = architecture.parameterCount
    parameters = trainer.network.parameters.map { Parameter(name: $0.name, shape: $0.shape.dimensions) }
  }

  private static func layout(_ shape: TensorShape) -> String {
    switch shape {
    case .features: "features"
    case .image: "channels, height, width"
    }
  }
}
