import Accounting

/// Why the ledger refused, with the numbers that its caller needs to say so. A store's own failures (disk, lock) are
/// thrown through as `unavailable` or as the store's error.
public enum LedgerError: Error, Hashable, Sendable {
  /// No such thing; `kind` is `budget`, `job`, `reservation`, `dataset` or `token`.
  case notFound(kind: String, id: String)
  /// The budget, or one above it, does not cover what was asked.
  case budgetExceeded(Refusal)
  /// The thing exists, but its state does not allow this: a frozen budget, an ended job, a resolved reservation.
  case stateConflict(detail: String)
  /// A field of the request is out of its domain, or does not agree with what is registered.
  case invalid(field: String, detail: String)
  /// A name or a root budget that must be unique is taken.
  case alreadyExists(kind: String, id: String)
  /// The version given in `If-Match` is not the current one.
  case versionMismatch(expected: Int64, current: Int64)
  /// The lease was lost: another worker has claimed the job since, or the job has ended.
  case leaseLost(job: JobID)
  /// The same idempotency key came with another request.
  case idempotencyKeyReused
  /// The first request with this idempotency key is still being answered.
  case idempotencyInProgress
  /// What the store holds cannot be right; nothing was changed. `location` names the row or the entry.
  case corrupt(location: String, detail: String)
  /// The ledger cannot be read or written now.
  case unavailable(reason: String)
}

/// A charge or reservation that does not fit.
public struct Refusal: Hashable, Sendable {
  /// The budget that refuses: the one asked or one above it.
  public let budget: BudgetID
  /// ε by which the request alone would count in that budget, rounded up; infinite where no budget could hold it.
  public let requestedEpsilon: Double
  /// δ of the (ε, δ) black boxes within the request, rounded up.
  public let requestedDelta: Double
  /// ε left in that budget, rounded down.
  public let remainingEpsilon: Double
  /// δ left for (ε, δ) black boxes in that budget, rounded down.
  public let remainingDelta: Double

  public init(
    budget: BudgetID, requestedEpsilon: Double, requestedDelta: Double, remainingEpsilon: Double,
    remainingDelta: Double
  ) {
    self.budget = budget
    self.requestedEpsilon = requestedEpsilon
    self.requestedDelta = requestedDelta
    self.remainingEpsilon = remainingEpsilon
    self.remainingDelta = remainingDelta
  }
}
