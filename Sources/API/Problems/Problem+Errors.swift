import Accounting
import Datasets
import Ledger
import Planning

/// Every error that may leave an operation, as the client sees it. What is not known here is a plain 500: an error's own
/// text may hold what no client should read.
extension Problem {
  package init(_ error: any Error) {
    switch error {
    case let problem as Problem: self = problem
    case let error as JSONSyntaxError: self.init(error)
    case let error as AccountingError: self.init(error, pointer: error.pointer)
    case let error as PlanningError: self.init(error)
    case let error as LedgerError: self.init(error)
    case let error as DatasetError: self.init(error, at: "/files")
    default: self = .internalFailure
    }
  }

  /// Whether the operator should hear of it.
  var isFailure: Bool { code == .internalError || code == .ledgerUnavailable }

  static let internalFailure = Problem(
    .internalError, "The service failed to answer; nothing was changed. The operator's log says more.")

  private init(_ error: JSONSyntaxError) {
    self.init(
      .malformedJSON, "Line \(error.line), column \(error.column): \(error.reason).",
      errors: [.init(pointer: error.pointer, detail: "\(error.reason) (line \(error.line), column \(error.column)).")],
      extensions: [.init("line", .integer(error.line)), .init("column", .integer(error.column))])
  }

  /// - Parameter pointer: where the value that the error speaks of stands in the request.
  init(_ error: AccountingError, pointer: String) {
    let detail = "\(error)."
    let field = FieldError(pointer: pointer, detail: detail)
    switch error {
    case .unsoundCombination, .notCertified: self.init(.unsoundCombination, detail, errors: [field])
    case .contradiction: self = .internalFailure
    case .invalidParameter, .limitExceeded, .targetUnreachable: self.init(.invalidParameter, detail, errors: [field])
    }
  }

  private init(_ error: PlanningError) {
    let errors = FieldErrors()
    for issue in error.issues {
      let code: Code =
        switch issue.kind {
        case .invalidParameter: .invalidParameter
        case .unsoundCombination: .unsoundCombination
        case .policyDenied: .policyDenied
        }
      errors.add(.init(pointer: issue.pointer, detail: issue.detail), code: code)
    }
    self = errors.problem
  }

  /// - Parameter pointer: the field that names the file.
  init(_ error: DatasetError, at pointer: String) {
    self.init(.invalidParameter, "\(error)", errors: [.init(pointer: pointer, detail: "\(error)")])
  }

  private init(_ error: LedgerError) {
    switch error {
    case .notFound(let kind, let id): self.init(.notFound, "There is no \(kind) \(id.prefix(80)).")
    case .budgetExceeded(let refusal): self.init(refusal, fits: [])
    case .stateConflict(let detail): self.init(.stateConflict, detail.sentence)
    case .alreadyExists(let kind, let id): self.init(.stateConflict, "There is a \(kind) already: \(id.prefix(80)).")
    case .invalid(let field, let detail):
      self.init(
        .invalidParameter, "\(field): \(detail).", errors: [.init(pointer: "/" + field, detail: "\(field): \(detail).")]
      )
    case .versionMismatch(let expected, let current):
      self.init(
        .preconditionFailed,
        "If-Match names version \(expected); the current one is \(current). Read the resource again and look at what changed."
      )
    case .leaseLost(let job): self.init(.stateConflict, "Another worker has taken over job \(job).")
    case .idempotencyKeyReused:
      self.init(
        .idempotencyKeyReused, "This Idempotency-Key came with another body before; take a new key for a new request.")
    case .idempotencyInProgress:
      self.init(
        .idempotencyInProgress,
        "The first request with this Idempotency-Key is still being answered; try again shortly.",
        headers: [.init("Retry-After", "1")])
    case .corrupt, .unavailable:
      self.init(
        .ledgerUnavailable, "The ledger cannot be used now; nothing was changed. The operator's log says more.",
        headers: [.init("Retry-After", "5")])
    }
  }

  /// A refusal, with the settings nearest to what was asked that would fit.
  /// - Parameter requestedEpsilon: in place of the refusal's own, which is infinite for all that no order of the filter
  ///   holds.
  init(_ refusal: Refusal, requestedEpsilon: Double? = nil, fits: [JSONValue]) {
    let requested = requestedEpsilon ?? refusal.requestedEpsilon
    let asked = requested.isFinite ? "ε = \(requested.shortRoundedUp) by itself" : "more than any budget holds"
    self.init(
      .budgetExceeded,
      "Budget \(refusal.budget) has ε = \(refusal.remainingEpsilon.shortRoundedDown) left; this takes \(asked)."
        + (fits.isEmpty ? "" : " The settings in fits would fit."),
      extensions: [
        .init("budget", .string(refusal.budget.text)),
        .init("requested", ["epsilon": .number(requested), "delta": .number(refusal.requestedDelta)]),
        .init("remaining", ["epsilon": .number(refusal.remainingEpsilon), "delta": .number(refusal.remainingDelta)]),
        .init("fits", .array(fits)),
      ])
  }
}

extension String {
  /// With a capital at its beginning and a full stop at its end.
  fileprivate var sentence: String {
    prefix(1).uppercased() + dropFirst() + (hasSuffix(".") ? "" : ".")
  }
}

extension Double {
  /// Four decimals, for sentences; the exact number stands beside them.
  var shortRoundedUp: String { (self * 10_000).rounded(.up).fourDecimals }
  var shortRoundedDown: String { (self * 10_000).rounded(.down).fourDecimals }

  /// The text of this many ten-thousandths.
  private var fourDecimals: String {
    guard let units = Int(exactly: self), units >= 0 else { return (self / 10_000).description }
    let fraction = String(units % 10_000)
    return "\(units / 10_000)." + String(repeating: "0", count: 4 - fraction.count) + fraction
  }
}
