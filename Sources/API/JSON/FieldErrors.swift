/// Collects what is wrong with a request, so that one answer names every bad field.
public final class FieldErrors {
  public private(set) var list: [Problem.FieldError] = []
  private var leftOut = 0
  private var code: Problem.Code?

  /// More than anyone reads in one answer; what follows is counted.
  private static let limit = 50

  public init() {}

  public var isEmpty: Bool { list.isEmpty }

  /// - Parameter code: what kind of mistake it is. A mistake in a single field (`invalidParameter`) outranks what is
  ///   wrong with a combination of good ones.
  public func add(_ pointer: JSONPointer, _ detail: String, code: Problem.Code = .invalidParameter) {
    add(.init(pointer: pointer.text, detail: detail), code: code)
  }

  public func add(_ error: Problem.FieldError, code: Problem.Code = .invalidParameter) {
    if list.count < Self.limit { list.append(error) } else { leftOut += 1 }
    if self.code == nil || code == .invalidParameter { self.code = code }
  }

  /// The problem that lists them all.
  public var problem: Problem {
    let count = list.count + leftOut
    let detail = count == 1 ? list[0].detail : "\(count) fields are not as they should be; each is listed in errors."
    return Problem(code ?? .invalidParameter, detail, errors: list)
  }

  public func throwIfAny() throws {
    if !isEmpty { throw problem }
  }
}
