/// Why a trainer cannot be made.
public enum TrainingError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The plan has no clipping and noise, and the examples were not declared public.
  case privacyRequired
  /// The dataset of the plan is not registered as public.
  case notPublic
  /// Examples of another shape than the plan's.
  case shape(expected: [Int], got: [Int])
  /// Labels that the network has no output for.
  case classes(expected: Int, got: Int)
  /// Examples with another number of targets than the network's loss takes.
  case targets(expected: Int, got: Int)
  /// Token ids that the network has no row for; nil where features are no tokens.
  case tokens(vocabulary: Int, got: Int?)
  /// More examples than the sampler can number.
  case tooMany(Int)

  public var description: String {
    switch self {
    case .privacyRequired: "a plan without clipping and noise runs on examples declared public only"
    case .notPublic: "the plan's dataset is not registered as public"
    case .shape(let expected, let got): "the plan is for examples of shape \(expected), these have \(got)"
    case .tooMany(let count): "\(count) examples are more than the \(Int32.max) that can be numbered"
    case .classes(let expected, let got): "the network has \(expected) classes, the examples have \(got)"
    case .targets(let expected, let got): "the loss takes \(expected) targets an example, these have \(got)"
    case .tokens(let vocabulary, let got):
      "the network takes token ids below \(vocabulary), the examples have \(got.map { "\($0) of them" } ?? "numbers")"
    }
  }
}
