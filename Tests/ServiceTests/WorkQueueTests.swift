import Foundation
import Service
import Testing

@Suite struct WorkQueueTests {
  @Test func workRunsOnTheQueuesOwnThreads() async throws {
    let queue = WorkQueue(name: "test", threads: 2, limit: 500)
    defer { queue.stop() }
    let threads = try await withThrowingTaskGroup(of: UInt.self) { group in
      for _ in 0..<200 { group.addTask { try await queue.perform { UInt(pthread_self()) } } }
      return try await group.reduce(into: Set()) { $0.insert($1) }
    }
    #expect((1...2).contains(threads.count))
  }

  // One thread, held by a gate; two may wait; the fourth piece of work is refused without being run.
  @Test func aFullQueueRefusesAtOnceAndServesAgainWhenItHasRoom() async throws {
    let queue = WorkQueue(name: "test", threads: 1, limit: 2)
    defer { queue.stop() }
    let gate = DispatchSemaphore(value: 0)
    let started = AsyncStream<Void>.makeStream()
    async let held: Int = queue.perform {
      started.continuation.yield()
      gate.wait()
      return 0
    }
    for await _ in started.stream { break }
    async let first: Int = queue.perform { 1 }
    async let second: Int = queue.perform { 2 }
    while queue.depth < 2 { await Task.yield() }
    await #expect(throws: WorkQueue.Refused.self) { _ = try await queue.perform { 3 } }
    gate.signal()
    #expect(try await [held, first, second] == [0, 1, 2])
    #expect(try await queue.perform { 4 } == 4)
  }

  @Test func everyPieceOfWorkRunsOnce() async throws {
    let queue = WorkQueue(name: "test", threads: 4, limit: 5_000)
    defer { queue.stop() }
    let sum = try await withThrowingTaskGroup(of: Int.self) { group in
      for number in 0..<5_000 { group.addTask { try await queue.perform { number } } }
      return try await group.reduce(0, +)
    }
    #expect(sum == 5_000 * 4_999 / 2)
    #expect(queue.depth == 0)
  }

  @Test func aStoppedQueueRefuses() async {
    let queue = WorkQueue(name: "test", threads: 1, limit: 8)
    queue.stop()
    await #expect(throws: WorkQueue.Refused.self) { _ = try await queue.perform { 1 } }
  }
}
