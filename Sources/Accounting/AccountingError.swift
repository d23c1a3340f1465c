/// A step from a request's outermost value to the field that an error is about.
public enum PathComponent: Hashable, Sendable {
  case field(String)
  case index(Int)
}

/// Why an accounting question was refused. Every case carries what a caller needs to correct the question.
public enum AccountingError: Error, Hashable, Sendable {
  /// A value outside its domain. `path` leads to it from the outermost event or parameter set; `requirement` is a
  /// sentence that says what would be accepted.
  case invalidParameter(path: [PathComponent], value: String, requirement: String)
  /// The combination of event and relation has no proved bound here. `alternative` says what can be asked instead.
  case unsoundCombination(path: [PathComponent], reason: String, alternative: String)
  /// The question is larger than the stated limit.
  case limitExceeded(path: [PathComponent], what: String, limit: Int)
  /// No two-sided answer could be certified within the bounds of time and memory. `alternative` says what can be asked
  /// instead.
  case notCertified(reason: String, alternative: String)
  /// Two independent computations contradict each other: a fault of ours, and never an answer.
  case contradiction(String)
  /// No value of the parameter solved for, within the range that was searched, meets the target. `closest` is the
  /// value tried that comes nearest and `epsilon` its bound, which may be infinite.
  case targetUnreachable(parameter: String, closest: Double, epsilon: Double, targetEpsilon: Double)
}

extension AccountingError {
  /// The JSON pointer (RFC 6901) of the field concerned, relative to the outermost value; "" means the whole of it.
  public var pointer: String {
    switch self {
    case .invalidParameter(let path, _, _), .unsoundCombination(let path, _, _), .limitExceeded(let path, _, _):
      path.map { component in
        switch component {
        case .field(let name): "/" + name
        case .index(let index): "/\(index)"
        }
      }.joined()
    case .targetUnreachable(let parameter, _, _, _): "/" + parameter
    case .notCertified, .contradiction: ""
    }
  }
}

extension AccountingError: CustomStringConvertible {
  /// One sentence for people, without the path.
  public var description: String {
    switch self {
    case .invalidParameter(_, let value, let requirement): "\(requirement), not \(value)"
    case .unsoundCombination(_, let reason, let alternative): "\(reason); \(alternative)"
    case .limitExceeded(_, let what, let limit): "\(what) exceeds the limit of \(limit)"
    case .notCertified(let reason, let alternative): "\(reason); \(alternative)"
    case .contradiction(let what): what
    case .targetUnreachable(let parameter, let closest, let epsilon, let target):
      "no \(parameter) reaches epsilon \(target): the nearest found, \(closest), gives \(epsilon)"
    }
  }
}
