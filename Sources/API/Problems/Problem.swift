/// An error as a client sees it: `application/problem+json` (RFC 9457) with a stable code, and every bad field with a
/// JSON pointer.
public struct Problem: Error, Sendable, Equatable {
  public var code: Code
  /// What went wrong this time, with the numbers in it, and what would put it right.
  public var detail: String
  public var errors: [FieldError]
  /// Members of this code alone, such as `requested` of `budget_exceeded`.
  public var extensions: [JSONValue.Member]
  /// Header fields that the status asks for, such as `Allow` with 405.
  public var headers: [APIResponse.Header]

  public struct FieldError: Sendable, Equatable {
    /// RFC 6901, from the root of the body; a query parameter is named as `?limit`.
    public var pointer: String
    public var detail: String

    public init(pointer: String, detail: String) {
      self.pointer = pointer
      self.detail = detail
    }
  }

  public init(
    _ code: Code, _ detail: String, errors: [FieldError] = [], extensions: [JSONValue.Member] = [],
    headers: [APIResponse.Header] = []
  ) {
    self.code = code
    self.detail = detail
    self.errors = errors
    self.extensions = extensions
    self.headers = headers
  }

  /// The stable codes of the contract.
  public enum Code: String, Sendable, Hashable, CaseIterable {
    case malformedJSON = "malformed_json"
    case invalidParameter = "invalid_parameter"
    case unsoundCombination = "unsound_combination"
    case unauthorized
    case policyDenied = "policy_denied"
    case notFound = "not_found"
    case methodNotAllowed = "method_not_allowed"
    case budgetExceeded = "budget_exceeded"
    case stateConflict = "state_conflict"
    case idempotencyKeyReused = "idempotency_key_reused"
    case idempotencyInProgress = "idempotency_in_progress"
    case preconditionRequired = "precondition_required"
    case preconditionFailed = "precondition_failed"
    case payloadTooLarge = "payload_too_large"
    case unsupportedMediaType = "unsupported_media_type"
    case rateLimited = "rate_limited"
    case ledgerUnavailable = "ledger_unavailable"
    case internalError = "internal_error"

    public var status: Int {
      switch self {
      case .malformedJSON: 400
      case .unauthorized: 401
      case .policyDenied: 403
      case .notFound: 404
      case .methodNotAllowed: 405
      case .budgetExceeded, .stateConflict, .idempotencyInProgress: 409
      case .preconditionFailed: 412
      case .payloadTooLarge: 413
      case .unsupportedMediaType: 415
      case .invalidParameter, .unsoundCombination, .idempotencyKeyReused: 422
      case .preconditionRequired: 428
      case .rateLimited: 429
      case .internalError: 500
      case .ledgerUnavailable: 503
      }
    }

    /// The same for every problem of this code; what differs stands in `detail`.
    public var title: String {
      switch self {
      case .malformedJSON: "The body is not valid JSON"
      case .invalidParameter: "A parameter is missing, unknown or outside its domain"
      case .unsoundCombination: "No sound guarantee is available for this combination"
      case .unauthorized: "A valid token is required"
      case .policyDenied: "The policy does not allow this"
      case .notFound: "There is no such resource"
      case .methodNotAllowed: "The resource does not have this method"
      case .budgetExceeded: "The privacy budget does not cover this"
      case .stateConflict: "The resource is in another state"
      case .idempotencyKeyReused: "The idempotency key belongs to another request"
      case .idempotencyInProgress: "The first request with this idempotency key is still running"
      case .preconditionRequired: "The request must be conditional"
      case .preconditionFailed: "The resource has changed"
      case .payloadTooLarge: "The body is too large"
      case .unsupportedMediaType: "The body has another media type"
      case .rateLimited: "Too many requests"
      case .ledgerUnavailable: "The ledger cannot be used"
      case .internalError: "The service failed"
      }
    }
  }

  /// `type` is a URN, stable and independent of where the service runs.
  public var json: JSONValue {
    var members: [JSONValue.Member] = [
      .init("type", .string("urn:epsilond:problem:" + code.rawValue)),
      .init("title", .string(code.title)),
      .init("status", .integer(code.status)),
      .init("detail", .string(detail)),
      .init("code", .string(code.rawValue)),
    ]
    if !errors.isEmpty {
      let list = errors.map {
        JSONValue.object([.init("pointer", .string($0.pointer)), .init("detail", .string($0.detail))])
      }
      members.append(.init("errors", .array(list)))
    }
    return .object(members + extensions)
  }

  public var response: APIResponse {
    APIResponse(
      status: code.status, headers: [.init("Content-Type", "application/problem+json")] + headers,
      body: .bytes(json.bytes + [0x0A]))
  }
}
