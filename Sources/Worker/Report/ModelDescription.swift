import Datasets
import Planning
import PrivateTraining

/// `model.json`: all that is needed to use `model.safetensors` elsewhere.
struct ModelDescription: Encodable {
  let format = "epsilond model 1"
  /// Nil where targets are real numbers.
  let classCount: Int?
  /// Targets of one example.
  let targetCount: Int
  /// Numbers that the network gives, or gives at each position of a sequence: a logit a class, or a value a target.
  let outputCount: Int
  /// Real targets were mapped from this range to 0 … 1, and so are the network's outputs.
  let targetRange: FeatureRange?
  let classNames: [String]?
  let input: Input
  /// As it was asked for: with `input` and `class_count` it builds the network again.
  let model: ModelSpecification
  let loss: String
  /// The equivalent PyTorch module: an expression, with `nn` standing for `torch.nn`; nil for a graph that is no sequence.
  let torch: String?
  /// A program after which `model` is the module, for any graph.
  let torchSource: String
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
    /// What each column of a table holds, and how it becomes numbers.
    let columns: [FeatureColumn]?
    /// How a text becomes token ids.
    let text: TextLayout?
    /// The numbers are token ids below this; nil where they are features.
    let vocabularySize: Int?

    enum CodingKeys: String, CodingKey {
      case shape, layout, scale, ranges, columns, text
      case vocabularySize = "vocabulary_size"
    }
  }

  struct Parameter: Encodable {
    let name: String
    let shape: [Int]
    let trained: Bool
  }

  enum CodingKeys: String, CodingKey {
    case format, input, model, loss, torch, modules, parameters
    case targetCount = "target_count"
    case outputCount = "output_count"
    case targetRange = "target_range"
    case torchSource = "torch_source"
    case classCount = "class_count"
    case classNames = "class_names"
    case parameterCount = "parameter_count"
  }

  init(trainer: Trainer, preparation: JobPreparation) throws {
    let architecture = preparation.plan.architecture
    let source = preparation.dataset.registration.source
    classCount = preparation.plan.dataset.classCount
    targetCount = preparation.plan.dataset.targetCount
    outputCount = architecture.classCount
    targetRange = source.targetRange
    loss = architecture.loss.rawValue
    classNames = source.table?.classNames
    input = Input(
      shape: preparation.plan.dataset.inputShape.dimensions,
      layout: source.vocabularySize == nil ? Self.layout(architecture.input) : "token ids", scale: source.scale,
      ranges: source.table?.ranges, columns: source.table?.columns, text: source.text,
      vocabularySize: source.vocabularySize)
    model = preparation.specification.model
    modules = architecture.torchModules
    torch = architecture.torch.expression
    torchSource = architecture.torch.source
    parameterCount = architecture.parameterCount
    parameters = architecture.parameters.map {
      Parameter(name: $0.name, shape: $0.shape, trained: $0.isTrained)
    }
  }

  private static func layout(_ shape: TensorShape) -> String {
    switch shape {
    case .features: "features"
    case .sequence: "positions, channels"
    case .image: "channels, height, width"
    }
  }
}
