import CKernels

/// A fixed set of threads for work that is split by example or by parameter.
///
/// Each member gets a fixed share, so results do not depend on which thread is faster. The backends run on one thread
/// each: two levels of threads would fight over the cores.
public final class WorkerPool {
  public let members: Int
  private let pool: OpaquePointer

  /// - Throws: `TensorError.library` when the system refuses a thread.
  public init(members: Int) throws(TensorError) {
    precondition(members >= 1 && members <= 4096)
    guard let pool = ck_pool_create(Int32(members)) else { throw .library("cannot start \(members) threads") }
    self.members = members
    self.pool = pool
  }

  deinit { ck_pool_destroy(pool) }

  /// Calls `body` once with each member number, at the same time, and returns when all have returned. The caller's
  /// thread is member 0. `body` must touch disjoint data for each member.
  public func run(_ body: (_ member: Int) -> Void) {
    withoutActuallyEscaping(body) { escapable in
      var job = Job(body: escapable)
      withUnsafeMutablePointer(to: &job) { pointer in
        ck_pool_run(
          pool, { context, member in context!.assumingMemoryBound(to: Job.self).pointee.body(Int(member)) }, pointer)
      }
    }
  }

  private struct Job {
    let body: (Int) -> Void
  }

  /// The part of 0..<count that belongs to one member: contiguous, sizes differing by at most one `unit`, every boundary
  /// a multiple of `unit`.
  public static func share(of count: Int, member: Int, members: Int, unit: Int = 1) -> Range<Int> {
    let units = (count + unit - 1) / unit
    let (each, rest) = units.quotientAndRemainder(dividingBy: members)
    let start = member * each + min(member, rest)
    let end = start + each + (member < rest ? 1 : 0)
    return min(start * unit, count)..<min(end * unit, count)
  }
}
