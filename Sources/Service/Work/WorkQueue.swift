import Foundation

/// A few threads of its own for work that may take long or wait for a disk, with a bound on how much may wait.
///
/// Event loops must never wait and Swift's cooperative pool has as many threads as the machine has cores: one long
/// accounting question on it would stall every other request. When the queue is full new work is refused at once, so that
/// overload shows as quick 503s rather than as answers that come too late for anybody.
package final class WorkQueue: @unchecked Sendable {
  /// Nothing was run: the queue was full, or has been stopped.
  package struct Refused: Error {}

  package let name: String
  private let limit: Int
  // Guards what stands below it; `@unchecked Sendable` rests on that.
  private let condition = NSCondition()
  private var waiting: [@Sendable () -> Void] = []
  private var firstWaiting = 0
  private var isStopped = false

  /// - Parameters:
  ///   - threads: at least 1.
  ///   - limit: how many pieces of work may wait, besides those that run.
  package init(name: String, threads: Int, limit: Int) {
    precondition(threads >= 1 && limit >= 1)
    self.name = name
    self.limit = limit
    for index in 1...threads {
      let thread = Thread { [self] in run() }
      thread.name = "\(name) \(index)"
      thread.stackSize = 4 << 20
      thread.start()
    }
  }

  /// How many pieces of work wait now.
  package var depth: Int {
    condition.withLock { waiting.count - firstWaiting }
  }

  /// Runs `work` on one of the threads and hands back what it gives.
  ///
  /// - Throws: `Refused`, and then `work` was not run.
  package func perform<Result: Sendable>(
    _ work: @escaping @Sendable () -> Result
  ) async throws(Refused) -> Result {
    let result: Result? = await withCheckedContinuation { continuation in
      let accepted = submit { continuation.resume(returning: work()) }
      if !accepted { continuation.resume(returning: nil) }
    }
    guard let result else { throw Refused() }
    return result
  }

  /// Lets the threads end once what waits is done; what comes later is refused.
  package func stop() {
    condition.withLock {
      isStopped = true
      condition.broadcast()
    }
  }

  private func submit(_ work: @escaping @Sendable () -> Void) -> Bool {
    condition.withLock {
      guard !isStopped, waiting.count - firstWaiting < limit else { return false }
      waiting.append(work)
      condition.signal()
      return true
    }
  }

  private func run() {
    while let work = next() { work() }
  }

  /// Waits for work; nil once stopped and empty.
  private func next() -> (@Sendable () -> Void)? {
    condition.withLock {
      while firstWaiting == waiting.count {
        if isStopped { return nil }
        condition.wait()
      }
      let work = waiting[firstWaiting]
      firstWaiting += 1
      // The array is a queue with a moving head; cutting it only when the head has passed half keeps both ends O(1).
      if firstWaiting * 2 > waiting.count {
        waiting.removeFirst(firstWaiting)
        firstWaiting = 0
      }
      return work
    }
  }
}
