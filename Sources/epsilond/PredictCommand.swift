import API
import ArgumentParser
import Datasets
import Foundation
import Ledger
import NeuralNetworks
import Planning
import PrivateTraining
import SQLiteStore

struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict", abstract: "A trained model's logits on the first examples of a public dataset.",
    discussion: """
      Prints one JSON line an example: its number, label and logits. Only datasets registered as public: what a model \
      says about private examples is a release of its own.
      """)

  @Argument(help: "The folder with model.json and model.safetensors.")
  var model: String
  @Option(help: "The folder that `epsilond serve` was given.")
  var dataDir: String
  @Option(help: "A dataset registered there: fashion-mnist/test.")
  var dataset: String
  @Option(help: "How many examples.")
  var count = 100
  @Option(name: .customLong("data-folder"), help: "A further folder that datasets may lie in; may be repeated.")
  var dataFolders: [String] = []

  /// What is read of model.json.
  private struct Description: Decodable {
    struct Input: Decodable {
      let shape: TensorShape
      let vocabularySize: Int?

      enum CodingKeys: String, CodingKey {
        case shape
        case vocabularySize = "vocabulary_size"
      }
    }

    let input: Input
    let model: ModelSpecification
    let classCount: Int?
    let targetCount: Int?

    enum CodingKeys: String, CodingKey {
      case input, model
      case targetCount = "target_count"
      case classCount = "class_count"
    }

    func architecture() throws(PlanningError) -> ModelArchitecture {
      try ModelArchitecture(
        model,
        input: ModelInput(
          shape: input.shape, vocabularySize: input.vocabularySize, classCount: classCount,
          targetCount: targetCount ?? 1))
    }
  }

  func validate() throws {
    guard (1...1_000_000).contains(count) else { throw ValidationError("--count is from 1 to 1000000") }
  }

  func run() throws {
    let folder = URL(fileURLWithPath: model, isDirectory: true)
    let description = try JSONDecoder().decode(
      Description.self, from: Data(contentsOf: folder.appendingPathComponent("model.json")))
    let architecture = try description.architecture()
    let parameters = try Safetensors(path: folder.appendingPathComponent("model.safetensors").path)
    let predictor = try Predictor(architecture, model: parameters, execution: Execution(threads: 1))

    let examples = try publicExamples()
    for (index, logits) in try predictor.logits(of: PublicExamples(declaredPublic: examples), count: count).enumerated()
    {
      let line: JSONValue = [
        "example": .integer(index), "label": .integer(examples.label(of: index)),
        "logits": .array(logits.map { .number(Double($0)) }),
      ]
      print(String(decoding: line.bytes, as: UTF8.self))
    }
  }

  private func publicExamples() throws -> Examples {
    let directory = try DataDirectory(existing: dataDir)
    let registered = try SQLiteStore(path: directory.ledger).read { try LedgerReader($0).dataset(named: dataset) }
    guard registered.isPublic else { throw CommandError("\(dataset) is not registered as public") }
    let registration = try DatasetRegistration(json: registered.description)
    return try DatasetLoader(folders: DataFolders([directory.datasets.path] + dataFolders)).load(registration.source)
  }
}
