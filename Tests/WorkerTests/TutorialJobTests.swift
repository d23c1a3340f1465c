import Datasets
import Foundation
import Ledger
import Planning
import PrivateTraining
import SQLiteStore
import Testing
import Worker

/// The job of the contract's example, on real data and the fast backend, cut to a few steps.
@Suite struct TutorialJobTests {
  static let isInstalled = KnownDataset.named("fashion-mnist/train") != nil
  static let steps = 24

  @Test(.enabled(if: isInstalled, "Debian's dataset-fashion-mnist is not installed"))
  func theTutorialNetworkLearnsFashionMNIST() throws {
    let fixture = try Fixture()
    let (id, budget) = try submit(fixture)
    let worker = Worker(
      store: fixture.store,
      configuration: WorkerConfiguration(
        worker: "real", checkpoints: fixture.folder.appendingPathComponent("checkpoints"),
        artifacts: fixture.folder.appendingPathComponent("artifacts"),
        loader: DatasetLoader(folders: try DataFolders([])), execution: Execution(backend: .oneDNN, threads: 2),
        softwareVersion: "epsilond test"))
    try worker.runNextJob()

    let job = try fixture.job(id)
    #expect(job.state == .succeeded)
    let last = try #require(try fixture.metrics(id).last)
    #expect(last.step == Self.steps)
    // Ten classes: chance is 0.1, and a few steps already do much better.
    #expect((last.accuracy ?? 0) > 0.3)
    let spent = try fixture.store.read { try LedgerReader($0).budget(budget) }
    #expect(spent.reserved.isZero && !spent.spent.isZero)
    let model = try fixture.read("artifacts/\(id)/model.safetensors")
    #expect(model.count > 26_010 * 4)
  }

  private func submit(_ fixture: Fixture) throws -> (JobID, BudgetID) {
    for name in ["train", "test"] {
      let known = try #require(KnownDataset.named("fashion-mnist/\(name)"))
      _ = try fixture.change {
        try $0.registerDataset(
          DatasetDraft(
            name: known.name, format: known.source.format.rawValue, isPublic: known.isPublic, unit: "example",
            size: known.description.exampleCount, digest: nil, description: try known.registration.json()))
      }
    }
    let budget = try fixture.change {
      try $0.createBudget(
        BudgetDraft(
          name: "clothes", dataset: "fashion-mnist/train", epsilon: 3, delta: 1e-5, relation: .addOrRemoveOne,
          unit: "example"))
    }
    let specification = JobSpecification(
      name: "tutorial", budget: budget.id.text, dataset: "fashion-mnist/train", model: .preset(.tutorialCNN),
      training: TrainingSpecification(
        batchSize: 256, steps: Self.steps, optimizer: OptimizerSpecification(learningRate: 0.25, momentum: 0.9),
        clipping: ClippingSpecification(norm: 1)),
      privacy: PrivacySpecification(noiseMultiplier: 0.8, delta: 1e-5),
      evaluation: EvaluationSpecification(dataset: "fashion-mnist/test"))
    let facts = try ["train", "test"].map { name in
      let known = try #require(KnownDataset.named("fashion-mnist/\(name)"))
      return DatasetFacts(
        reference: known.name, exampleCount: known.description.exampleCount,
        inputShape: try #require(TensorShape(dimensions: known.description.shape)), classCount: 10,
        isPublic: known.isPublic)
    }
    let plan = try TrainingPlan(specification, dataset: facts[0], evaluation: facts[1])
    let price = try fixture.store.read {
      try LedgerReader($0).budgetPath(budget.id).price(plan.stepEvent, count: plan.steps)
    }
    let text = String(decoding: try JSONEncoder().encode(specification), as: UTF8.self)
    let draft = JobDraft(
      name: "tutorial", dataset: "fashion-mnist/train", specification: text, plan: "{}", steps: plan.steps)
    return (try fixture.change { try $0.submitJob(draft, paying: price, from: budget.id).id }, budget.id)
  }
}
