import Foundation
import Synchronization

/// Runs `body` where it may block. The cooperative pool has as many threads as there are cores: a test that waited on one of
/// them would keep others, or what it waits for, from running. The task stays the test's, so expectations are counted.
public func blocking<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async rethrows -> Result {
  try await withTaskExecutorPreference(BlockingExecutor()) { try body() }
}

/// Runs each piece of a task on a new thread, where it may block.
private final class BlockingExecutor: TaskExecutor {
  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let thread = Thread { [self] in job.runSynchronously(on: asUnownedTaskExecutor()) }
    thread.stackSize = 4 << 20
    thread.start()
  }
}

/// Runs `body` for each of `0..<count` at once, each on a thread of its own; what they give, in no order.
public func concurrently<Value: Sendable>(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Value) throws
  -> [Value]
{
  let results = Mutex<[Swift.Result<Value, any Error>]>([])
  let done = DispatchSemaphore(value: 0)
  for index in 0..<count {
    let thread = Thread {
      let result = Swift.Result { try body(index) }
      results.withLock { $0.append(result) }
      done.signal()
    }
    thread.stackSize = 1 << 20
    thread.start()
  }
  for _ in 0..<count { done.wait() }
  return try results.withLock { try $0.map { try $0.get() } }
}
