/// One mistake in a request, at one field: what is wrong and how to put it right.
public struct FieldIssue: Hashable, Sendable, Codable {
  /// What kind of mistake it is; the API answers each kind with its own code.
  public enum Kind: String, Hashable, Sendable, Codable {
    /// The value is outside its domain, missing, or does not fit the rest of the request.
    case invalidParameter = "invalid_parameter"
    /// Every value is in its domain, and together they would promise a privacy that the run does not have.
    case unsoundCombination = "unsound_combination"
    /// The request is meaningful and is not allowed on this data.
    case policyDenied = "policy_denied"
  }

  public let kind: Kind
  /// A JSON pointer (RFC 6901) from the request's root: `/model/layers/3/filters`.
  public let pointer: String
  /// A sentence for the person who wrote the field: the bad value, the allowed ones, the fix. It never holds anything
  /// that was read from private data.
  public let detail: String

  public init(_ kind: Kind = .invalidParameter, at pointer: String, _ detail: String) {
    self.kind = kind
    self.pointer = pointer
    self.detail = detail
  }
}

/// A job that cannot be planned. It carries every mistake found, not only the first.
public struct PlanningError: Error, Hashable, Sendable, CustomStringConvertible {
  /// At least one, in the order of the request's fields.
  public let issues: [FieldIssue]

  public init(_ issues: [FieldIssue]) {
    precondition(!issues.isEmpty, "a planning error names at least one issue")
    self.issues = issues
  }

  public var description: String {
    issues.map { "\($0.pointer): \($0.detail)" }.joined(separator: "\n")
  }
}
