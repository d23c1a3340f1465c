import Datasets
import Foundation
import Planning
import PrivateTraining
import Testing

@Suite struct EvaluationTests {
  /// Against a hand-made softmax, for numbers of examples below, at and above whole physical batches.
  @Test(arguments: [1, 15, 16, 17, 100]) func agreesWithThePlainFormula(count: Int) throws {
    var job = TestJob(examples: 200, steps: 3)
    let training = job.randomExamples(1)
    let trainer = try Trainer(
      plan: try job.plan(), publicExamples: training, knownKey: TestJob.knownKey, execution: .repeatable)
    try trainer.run(steps: 3)
    job.examples = count
    let test = job.randomExamples(2)
    let evaluation = try trainer.evaluate(on: test)

    let weights = trainer.parameters
    var correct = 0, loss = 0.0
    for example in 0..<count {
      let x = test.examples.features[example * 12..<(example + 1) * 12]
      let logits = (0..<3).map { row in
        zip(weights[row * 12..<(row + 1) * 12], x).reduce(Double(weights[36 + row])) {
          $0 + Double($1.0) * Double($1.1)
        }
      }
      let label = test.examples.label(of: example)
      if logits.indices.max(by: { logits[$0] < logits[$1] }) == label { correct += 1 }
      loss += log(logits.reduce(0) { $0 + exp($1) }) - logits[label]
    }
    #expect(evaluation.count == count)
    #expect(evaluation.accuracy == Double(correct) / Double(count))
    #expect(abs(try #require(evaluation.loss) - loss / Double(count)) < 1e-5)
  }

  /// Looking does not touch the run: steps go on as if nobody had evaluated.
  @Test func evaluationLeavesTheRunAlone() throws {
    let job = TestJob()
    let examples = job.randomExamples(3)
    let parameters = try [true, false].map { looks in
      let trainer = try Trainer(
        plan: try job.plan(), publicExamples: examples, knownKey: TestJob.knownKey, execution: .repeatable)
      for _ in 0..<5 {
        try trainer.run(steps: 1)
        if looks { _ = try trainer.evaluate(on: examples) }
      }
      return trainer.parameters
    }
    #expect(parameters[0] == parameters[1])
  }
}
