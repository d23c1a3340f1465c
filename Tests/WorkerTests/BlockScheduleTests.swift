import Planning
import Testing
import Worker

@Suite struct BlockScheduleTests {
  func plan(batch: Int, of count: Int, steps: Int) throws -> TrainingPlan {
    try TrainingPlan(
      JobSpecification(
        name: "blocks", budget: "bud_a", dataset: "d", model: .preset(.logisticRegression),
        training: TrainingSpecification(
          batchSize: batch, steps: steps, optimizer: OptimizerSpecification(learningRate: 1),
          clipping: ClippingSpecification(norm: 1)),
        privacy: PrivacySpecification(noiseMultiplier: 1, delta: 1e-9)),
      dataset: DatasetFacts(
        reference: "d", exampleCount: count, inputShape: .features(1), classCount: 2, isPublic: false))
  }

  func ends(_ schedule: BlockSchedule, steps: Int) -> [Int] {
    var ends: [Int] = []
    while (ends.last ?? 0) < steps { ends.append(schedule.end(after: ends.last ?? 0)) }
    return ends
  }

  @Test(arguments: [(20, 200, 60), (256, 60_000, 1172), (1, 1, 7), (7, 7, 3), (1, 1_000_000, 50), (3, 10, 1)])
  func blocksCoverTheRunInOrder(batch: Int, count: Int, steps: Int) throws {
    for secondsPerStep in [0, 1e-9, 1e-3, 0.1, 5, 1e9] {
      let schedule = BlockSchedule(
        plan: try plan(batch: batch, of: count, steps: steps), secondsPerStep: secondsPerStep)
      #expect(1...steps ~= schedule.blockLength)
      let ends = ends(schedule, steps: steps)
      #expect(zip(ends, ends.dropFirst()).allSatisfy { $0 < $1 })
      #expect(ends.last == steps)
    }
  }

  @Test func blocksEndWithEpochsAndLastAboutATwentyFifth() throws {
    // 234.375 steps an epoch; ten seconds in all.
    let schedule = BlockSchedule(plan: try plan(batch: 256, of: 60_000, steps: 1172), secondsPerStep: 10.0 / 1172)
    #expect(46...47 ~= schedule.blockLength)
    let ends = ends(schedule, steps: 1172)
    #expect(Set(ends).isSuperset(of: [235, 469, 704, 938, 1172]))
    #expect(25...30 ~= ends.count)
  }

  /// Two steps an epoch, a microsecond each: an entry in the ledger for each would be all the job does.
  @Test func epochsOfAFewStepsDoNotCutBlocks() throws {
    let schedule = BlockSchedule(plan: try plan(batch: 100, of: 200, steps: 40_000), secondsPerStep: 1e-4)
    let ends = ends(schedule, steps: 40_000)
    #expect(ends.count <= 25)
    #expect(ends.allSatisfy { $0.isMultiple(of: 2) }, "they still end with an epoch")
  }

  @Test func measuresFallOnEpochsTenthsAndTheEnd() throws {
    let schedule = BlockSchedule(plan: try plan(batch: 20, of: 200, steps: 60), secondsPerStep: 1)
    #expect(schedule.isEvaluationDue(at: 60, previous: 59))
    #expect(schedule.isEvaluationDue(at: 10, previous: 9))
    #expect(!schedule.isEvaluationDue(at: 5, previous: 0))
    #expect(!schedule.isEvaluationDue(at: 10, previous: 10))
    // A thousand epochs of one step each are measured a hundred times.
    let long = BlockSchedule(plan: try plan(batch: 5, of: 5, steps: 1000), secondsPerStep: 1)
    var measured = 0
    for step in 1...1000 where long.isEvaluationDue(at: step, previous: step - 1) { measured += 1 }
    #expect(measured == 100)
  }
}
