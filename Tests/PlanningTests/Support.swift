import Foundation
import Planning

let fashion = DatasetFacts(
  reference: "fashion-mnist/train", exampleCount: 60_000, inputShape: .image(channels: 1, height: 28, width: 28),
  classCount: 10, isPublic: false)

let fashionTest = DatasetFacts(
  reference: "fashion-mnist/test", exampleCount: 10_000, inputShape: .image(channels: 1, height: 28, width: 28),
  classCount: 10, isPublic: true)

/// The body of api.md's example.
let tutorialJSON = """
  {"name": "tutorial", "budget": "bud_1", "dataset": "fashion-mnist/train",
   "model": {"preset": "tutorial-cnn"},
   "training": {"batch_size": 256, "epochs": 5,
                "optimizer": {"type": "sgd", "learning_rate": 0.25, "momentum": 0.0},
                "clipping": {"mode": "flat", "norm": 1.0}},
   "privacy": {"noise_multiplier": 0.8, "delta": 1e-5},
   "evaluation": {"dataset": "fashion-mnist/test"}}
  """

func decode<Value: Decodable>(_ json: String) throws -> Value {
  try JSONDecoder().decode(Value.self, from: Data(json.utf8))
}

func tutorial(_ change: (inout JobSpecification) -> Void = { _ in }) throws -> JobSpecification {
  var specification: JobSpecification = try decode(tutorialJSON)
  change(&specification)
  return specification
}

/// The issues that planning `body` throws; empty where it throws none.
func issues(_ body: () throws(PlanningError) -> some Any) -> [FieldIssue] {
  do {
    _ = try body()
    return []
  } catch {
    return error.issues
  }
}
