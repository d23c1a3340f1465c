import Datasets

/// Examples that nobody need protect.
///
/// What would publish private data takes this type: evaluation, training without noise, and replaying a run with a known
/// key. Making one is a statement by whoever registered the data, so it happens in one visible place.
public struct PublicExamples: Sendable {
  public let examples: Examples

  public init(declaredPublic examples: Examples) {
    self.examples = examples
  }
}
