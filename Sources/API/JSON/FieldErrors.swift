/// Collects what is wrong with a request, so that one answer names every bad field.
public final class FieldErrors {
  public private(set) var list: [Problem.FieldError] = []
  private var leftOut = 0

  /// More than anyone reads in one answer; what follows is counted.
  private static let limit = 50

  public init() {}

  public var isEmpty: Bool { list.isEmpty }

  public func add(_ pointer: JSONPointer, _ detail: String) {
    add(.init(pointer: pointer.text, detail: detail))
  }

  public func add(_ error: Problem.FieldError) {
    if list.count < Self.limit { list.append(error) } else { leftOut += 1 }
  }

  /// The problem that lists them all.
  public var problem: Problem {
    let count = list.count + leftOut
    let detail = count == 1 ? list[0].detail : "\(count) fields are not as they should be; each is listed in errors."
    return Problem(.invalidParameter, detail, errors: list)
  }

  public func throwIfAny() throws {
    if !isEmpty { throw problem }
  }
}
