import Planning
import PrivateTraining
import Testing

@Suite struct StepProfileTests {
  @Test(arguments: [0.8, nil]) func timesAndMemoryAddUp(noiseMultiplier: Double?) throws {
    var job = TestJob(
      shape: .image(channels: 1, height: 8, width: 8), layers: TestJob.convolutional,
      rule: .sgd(momentum: 0.9))
    job.noiseMultiplier = noiseMultiplier
    let plan = try job.plan()
    let profile = try StepProfile.measure(plan, steps: 3)
    let timing = profile.timing
    let parts = [
      timing.data, timing.forward, timing.backward, timing.norms, timing.clippedSum, timing.noise, timing.update,
    ]
    #expect(parts.allSatisfy { $0 >= 0 })
    #expect([timing.data, timing.forward, timing.backward, timing.clippedSum, timing.update].allSatisfy { $0 > 0 })
    #expect(parts.reduce(0, +) <= timing.total * 1.01)
    let memory = profile.memory
    #expect(memory.parameters >= plan.architecture.parameterCount * 8 && memory.gradients > 0 && memory.activations > 0)
    let held = memory.parameters + memory.gradients + memory.activations + memory.bookKeeping
    #expect(memory.peak == held + 200 * 65 * 4)
    #expect(profile.layers.count == 7)
  }
}
